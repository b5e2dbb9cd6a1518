#include "engine/kubernetes/exec_credential.hpp"

#include <gmock/gmock.h>

#include "engine/data/json.hpp"

namespace peelbox::kubernetes {
namespace {

using testing::HasSubstr;
using testing::Not;

exec_plugin plugin() {
  exec_plugin made;
  made.api_version = "client.authentication.k8s.io/v1";
  made.command = "login";
  return made;
}

std::string answer(const std::string& status, const std::string& version = "client.authentication.k8s.io/v1") {
  return R"({"kind":"ExecCredential","apiVersion":")" + version + R"(","status":)" + status + "}";
}

TEST(ExecCredential, TokenAndCertificate) {
  const auto made = parse_exec_credential(plugin(), answer(R"({"token":"t","expirationTimestamp":"2026-11-30T06:00:00.5+01:00"})"));
  ASSERT_TRUE(made.has_value()) << made.error().text;
  EXPECT_EQ(made->token, "t");
  EXPECT_EQ(std::chrono::system_clock::to_time_t(*made->expires), 1796014800);
  EXPECT_EQ(parse_exec_credential(plugin(), answer(R"({"clientCertificateData":"c","clientKeyData":"k"})"))->key, "k");
}

TEST(ExecCredential, RefusesAndNeverQuotes) {
  for (const std::string& text :
       {std::string("secret"), answer(R"({"clientCertificateData":"secret"})"), answer("null"), answer("{}"),
        answer(R"({"token":"secret\nx"})"), answer(R"({"token":"secret"})", "client.authentication.k8s.io/v1beta1"),
        answer(R"({"token":"secret","expirationTimestamp":"tomorrow"})"), std::string(R"({"kind":"Secret","token":"secret"})")}) {
    const auto made = parse_exec_credential(plugin(), text);
    ASSERT_TRUE(made.has_error()) << text;
    EXPECT_EQ(made.error().code, errc::protocol);
    EXPECT_THAT(made.error().text, Not(HasSubstr("secret")));
  }
}

TEST(ExecCredential, TimesOfRfc3339) {
  for (const char* text : {"2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", ""})
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  EXPECT_EQ(std::chrono::system_clock::to_time_t(*parse_rfc3339("1970-01-02T00:00:00Z")), 86400);
  EXPECT_EQ(parse_rfc3339("9999-12-31T23:59:59Z"), std::chrono::system_clock::time_point::max());
  EXPECT_EQ(parse_rfc3339("0001-01-01T00:00:00Z"), std::chrono::system_clock::time_point::min());
}

TEST(ExecCredential, TellsThePluginItsCluster) {
  access to;
  to.server = http::parse_url("https://k:6443/p").value();
  exec_plugin wants = plugin();
  EXPECT_THAT(exec_info(wants, to, "CA"), Not(HasSubstr("cluster")));
  wants.wants_cluster = true;
  EXPECT_EQ(exec_info(wants, to, "CA"),
            R"({"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false,)"
            R"("cluster":{"server":"https://k:6443/p","certificate-authority-data":"Q0E="}}})");
}

}  // namespace
}  // namespace peelbox::kubernetes
