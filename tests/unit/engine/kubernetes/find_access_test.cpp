#include "engine/kubernetes/find_access.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace peelbox::kubernetes {
namespace {

using testing::HasSubstr;

class FindAccess : public testing::Test {
 protected:
  FindAccess() { std::filesystem::create_directories(dir_); }
  ~FindAccess() override { std::filesystem::remove_all(dir_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(dir_ / name) << text;
    return (dir_ / name).string();
  }
  environment variables() {
    return [this](std::string_view name) -> std::optional<std::string> {
      const auto found = set_.find(std::string(name));
      if (found == set_.end()) return std::nullopt;
      return found->second;
    };
  }

  std::filesystem::path dir_ = std::filesystem::path(testing::TempDir()) / ("kube" + std::to_string(::getpid()));
  std::map<std::string, std::string> set_;
};

constexpr const char* config = "current-context: x\nclusters: [{name: c, cluster: {server: 'https://k'}}]\n"
                               "contexts: [{name: x, context: {cluster: c, namespace: n}}]\n";

TEST_F(FindAccess, MissingFilesOfTheListAreSkipped) {
  set_["KUBECONFIG"] = (dir_ / "none").string() + ":" + write("a", config);
  const auto made = find_access({}, variables());
  ASSERT_TRUE(made.has_value()) << made.error().text;
  EXPECT_EQ(made->name_space, "n");
  EXPECT_THAT(made->who, HasSubstr((dir_ / "a").string()));
  EXPECT_EQ(find_access({(dir_ / "none").string(), "", ""}, variables()).error().code, errc::not_found);
}

TEST_F(FindAccess, APodsAccountIsTheLastResort) {
  set_["HOME"] = dir_.string();
  EXPECT_THAT(find_access({}, variables(), dir_.string()).error().text, HasSubstr("no kubeconfig"));
  set_["KUBERNETES_SERVICE_HOST"] = "10.0.0.1";
  set_["KUBERNETES_SERVICE_PORT"] = "443";
  write("token", "t\n");
  write("namespace", "builds\n");
  const auto made = find_access({}, variables(), dir_.string());
  ASSERT_TRUE(made.has_value()) << made.error().text;
  EXPECT_EQ(made->name_space, "builds");
  EXPECT_EQ(made->cluster.ca_file, "");
  set_["KUBECONFIG"] = write("a", config);
  EXPECT_EQ(find_access({}, variables(), dir_.string())->server.where.host, "k");
}

}  // namespace
}  // namespace peelbox::kubernetes
