#include "engine/registry/host_settings.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace peelbox::registry {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class HostSettings : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "peelbox-certs-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    fs::create_directories(root_ / "docker/certs.d/reg.example:5000");
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(root_ / "docker" / name) << text; }
  environment variables() const {
    return [root = root_.string()](std::string_view name) -> std::optional<std::string> {
      if (name == "XDG_CONFIG_HOME") return root;
      return std::nullopt;
    };
  }

  fs::path root_;
};

TEST(HostNames, DockerHubHasAnotherAddress) {
  EXPECT_EQ(address_of("docker.io"), "registry-1.docker.io");
  EXPECT_EQ(address_of("reg.example:5000"), "reg.example:5000");
}

TEST(HostNames, Loopback) {
  for (const char* host : {"localhost", "LOCALHOST:5000", "127.0.0.1", "127.1.2.3:80", "[::1]:5000"}) EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"localhost.example", "127.example.org", "10.0.0.1", "[::2]", ""}) EXPECT_FALSE(is_loopback(host)) << host;
}

TEST(HostNames, OnlyAnInsecureOneIsTriedWithoutTls) {
  host_settings settings;
  ASSERT_EQ(places_of("reg.example:5000", settings)->size(), 1u);
  EXPECT_EQ(places_of("docker.io", settings)->front().text(), "https://registry-1.docker.io/v2/");
  settings.insecure = true;
  const auto both = places_of("reg.example:5000", settings);
  EXPECT_EQ(both->at(1).text(), "http://reg.example:5000/v2/");
  EXPECT_TRUE(places_of("reg.example:99999", settings).has_error());
}

TEST_F(HostSettings, CertificatesOfDocker) {
  write("certs.d/reg.example:5000/a.crt", "one");
  write("certs.d/reg.example:5000/b.crt", "two");
  write("certs.d/reg.example:5000/client.cert", "c");
  write("certs.d/reg.example:5000/client.key", "k");
  const auto found = find_settings("REG.example:5000", variables());
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ((*found->tls.ca.read("ca"))->get(), "one\ntwo\n");
  EXPECT_TRUE(found->tls.system_too);
  EXPECT_TRUE(found->tls.verify);
  EXPECT_THAT(found->tls.certificate.path(), HasSubstr("client.cert"));
  EXPECT_THAT(found->tls.key.path(), HasSubstr("client.key"));
  EXPECT_FALSE(found->insecure);
  EXPECT_TRUE(find_settings("other.example", variables())->tls.ca.empty());
  EXPECT_TRUE(find_settings("../docker", variables())->tls.ca.empty());
}

TEST_F(HostSettings, HalfAPairIsAnError) {
  write("certs.d/reg.example:5000/client.cert", "c");
  EXPECT_THAT(find_settings("reg.example:5000", variables()).error().text, HasSubstr("client.key"));
  fs::remove(root_ / "docker/certs.d/reg.example:5000/client.cert");
  write("certs.d/reg.example:5000/ca.key", "k");
  EXPECT_THAT(find_settings("reg.example:5000", variables()).error().text, HasSubstr("ca.cert"));
}

TEST_F(HostSettings, WhoIsInsecure) {
  EXPECT_TRUE(find_settings("localhost:5000", variables())->insecure);
  EXPECT_FALSE(find_settings("reg.example:5000", variables())->insecure);
  write("daemon.json", R"({"insecure-registries": ["reg.example:5000", 7]})");
  EXPECT_TRUE(find_settings("reg.example:5000", variables())->insecure);
  EXPECT_FALSE(find_settings("reg.example", variables())->insecure);
  write("daemon.json", R"({"insecure-registries": ["10.1.0.0/16", "fd00::/8", "reg.example/8", "10.2.0.0/99"]})");
  for (const char* host : {"10.1.2.3", "10.1.0.1:5000", "[fd00::1]:5000"}) EXPECT_TRUE(find_settings(host, variables())->insecure) << host;
  for (const char* host : {"10.2.0.1", "reg.example", "[fe80::1]"}) EXPECT_FALSE(find_settings(host, variables())->insecure) << host;
  // A loopback registry with an authority of its own speaks TLS.
  fs::create_directories(root_ / "docker/certs.d/localhost:5000");
  write("certs.d/localhost:5000/ca.crt", "x");
  EXPECT_FALSE(find_settings("localhost:5000", variables())->insecure);
}

}  // namespace
}  // namespace peelbox::registry
