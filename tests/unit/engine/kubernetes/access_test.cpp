#include "engine/kubernetes/access.hpp"

#include <gmock/gmock.h>

namespace peelbox::kubernetes {
namespace {

using testing::HasSubstr;

kubeconfig sample() {
  kubeconfig made;
  made.current_context = "one";
  made.clusters["c"].server = "https://k:6443/prefix/";
  made.clusters["plain"].server = "127.0.0.1:8001";
  made.users["u"].token = "secret";
  made.users["old"].auth_provider = "gcp";
  made.contexts["one"] = {"c", "u", "n"};
  made.contexts["proxy"] = {"plain", "u", ""};
  made.contexts["old"] = {"c", "old", ""};
  made.contexts["broken"] = {"nowhere", "u", ""};
  return made;
}

TEST(Access, AContextIsAServerAUserAndANamespace) {
  const auto made = choose_access(sample(), "", "", "/f");
  ASSERT_TRUE(made.has_value()) << made.error().text;
  EXPECT_EQ(made->server.where.text(), "https://k:6443");
  EXPECT_EQ(made->prefix(), "/prefix");
  EXPECT_EQ(made->name_space, "n");
  EXPECT_EQ(made->who, "user u, context one of /f");
  EXPECT_EQ(choose_access(sample(), "one", "other", "/f")->name_space, "other");
}

TEST(Access, CredentialsAreNotSentWithoutTls) {
  const auto made = choose_access(sample(), "proxy", "", "/f");
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->user.token, "");
  EXPECT_EQ(made->name_space, "default");
  EXPECT_EQ(made->prefix(), "");
}

TEST(Access, SaysWhatIsMissing) {
  EXPECT_THAT(choose_access(sample(), "tow", "", "/f").error().text, testing::AllOf(HasSubstr("\"tow\" does not exist"), HasSubstr("one")));
  EXPECT_THAT(choose_access(sample(), "broken", "", "/f").error().text, HasSubstr("cluster \"nowhere\""));
  EXPECT_THAT(choose_access(sample(), "old", "", "/f").error().text, HasSubstr("gke-gcloud-auth-plugin"));
  kubeconfig none;
  EXPECT_THAT(choose_access(none, "", "", "/f").error().text, HasSubstr("no context is current"));
}

TEST(Access, InAPod) {
  EXPECT_EQ(in_cluster_access("10.0.0.1", "443", "/sa")->server.where.text(), "https://10.0.0.1");
  EXPECT_EQ(in_cluster_access("fd00::1", "6443", "/sa")->server.where.host, "fd00::1");
  EXPECT_EQ(in_cluster_access("10.0.0.1", "443", "/sa")->user.token_file, "/sa/token");
  EXPECT_TRUE(in_cluster_access("10.0.0.1", "x", "/sa").has_error());
}

}  // namespace
}  // namespace peelbox::kubernetes
