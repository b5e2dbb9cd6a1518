#include "transport/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace peelbox::transport {
namespace {

using testing::HasSubstr;

endpoint parsed(std::string_view text) {
  auto e = parse_endpoint(text);
  EXPECT_TRUE(e.has_value()) << text << ": " << (e.has_error() ? e.error().text : "");
  return e.has_value() ? *e : endpoint();
}

TEST(Endpoint, UnixPathsAreTakenAsTheyAre) {
  const endpoint e = parsed("unix:///run/buildkit/buildkitd.sock");
  EXPECT_EQ(e.kind, scheme::unix_socket);
  EXPECT_EQ(e.path, "/run/buildkit/buildkitd.sock");
  EXPECT_EQ(e.text, "unix:///run/buildkit/buildkitd.sock");
  EXPECT_EQ(e.authority(), "localhost");
  EXPECT_EQ(parsed("unix://relative/a b%20c.sock").path, "relative/a b%20c.sock");
  EXPECT_EQ(parsed("unix://@abstract").path, "@abstract");
}

TEST(Endpoint, TcpHostsAndPorts) {
  struct {
    std::string_view text, host;
    int port;
    std::string_view authority;
  } const cases[] = {
      {"tcp://localhost:1234", "localhost", 1234, "localhost:1234"},
      {"tcp://127.0.0.1:1", "127.0.0.1", 1, "127.0.0.1:1"},
      {"tcp://[::1]:65535", "::1", 65535, "[::1]:65535"},
      {"tcp://[fe80::1%eth0]:1234", "fe80::1%eth0", 1234, "[fe80::1]:1234"},
      {"tcp://[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1", 80, "[::ffff:10.0.0.1]:80"},
      {"tcp://build_kit.example.com:1234", "build_kit.example.com", 1234, "build_kit.example.com:1234"},
  };
  for (const auto& c : cases) {
    const endpoint e = parsed(c.text);
    EXPECT_EQ(e.kind, scheme::tcp);
    EXPECT_EQ(e.host, c.host);
    EXPECT_EQ(e.port, c.port);
    EXPECT_EQ(e.authority(), c.authority);
    EXPECT_EQ(e.text, c.text);
  }
}

TEST(Endpoint, SchemesOfTheNextReleaseAreKnown) {
  EXPECT_EQ(parsed("docker://").kind, scheme::docker);
  EXPECT_EQ(parsed("docker-container://b?context=c").kind, scheme::docker_container);
  EXPECT_EQ(parsed("docker-container://b?context=c").rest, "b?context=c");
  EXPECT_EQ(parsed("podman-container://b").kind, scheme::podman_container);
  EXPECT_EQ(parsed("nerdctl-container://b").kind, scheme::nerdctl_container);
  EXPECT_EQ(parsed("kube-pod://p").kind, scheme::kube_pod);
  EXPECT_EQ(parsed("ssh://u@h").kind, scheme::ssh);
  EXPECT_EQ(parsed("npipe:////./pipe/x").kind, scheme::npipe);
}

TEST(Endpoint, AWrongAddressIsRefusedWithReasonAndExample) {
  const std::string long_path = "unix:///" + std::string(107, 'x');
  const std::string nul_path("unix:///a\0b", 11);
  struct {
    std::string text;
    std::string_view reason;
  } const cases[] = {
      {"", "empty"},
      {"/run/buildkit/buildkitd.sock", "unix:///run/buildkit/buildkitd.sock"},
      {"localhost:1234", "the scheme is missing"},
      {"http://localhost:1234", "the scheme \"http\" is not known"},
      {"unix://", "the path of the socket is missing"},
      {"unix://@", "the path of the socket is missing"},
      {long_path, "108 bytes, a socket's path can have 107"},
      {nul_path, "NUL"},
      {"tcp://", "the host is missing"},
      {"tcp://:1234", "the host is missing"},
      {"tcp://localhost", "the port is missing"},
      {"tcp://localhost:", "the port is missing"},
      {"tcp://localhost:0", "1 to 65535"},
      {"tcp://localhost:65536", "1 to 65535"},
      {"tcp://localhost:99999999999999999999", "1 to 65535"},
      {"tcp://localhost:-1", "1 to 65535"},
      {"tcp://localhost: 1", "1 to 65535"},
      {"tcp://localhost:http", "1 to 65535"},
      {"tcp://::1:1234", "in brackets"},
      {"tcp://[::1:1234", "']'"},
      {"tcp://[::1]", "the port is missing"},
      {"tcp://[::1]1234", "the port is missing"},
      {"tcp://[127.0.0.1]:1234", "not an IPv6 address"},
      {"tcp://[]:1234", "not an IPv6 address"},
      {"tcp://[fe80::1%]:1234", "zone"},
      {"tcp://[fe80::1%a/b]:1", "nothing may follow"},
      {"tcp://user@host:1234", "user name"},
      {"tcp://host:1234/path", "nothing may follow"},
      {"tcp://host:1234?x=y", "nothing may follow"},
      {"tcp://ho st:1234", "cannot have"},
      {"tcp://" + std::string(254, 'a') + ":1", "253"},
      {"docker-container://", "the name after"},
  };
  for (const auto& c : cases) {
    auto e = parse_endpoint(c.text);
    ASSERT_TRUE(e.has_error()) << c.text;
    EXPECT_EQ(e.error().code, errc::usage);
    EXPECT_EQ(e.error().who, origin::user);
    EXPECT_THAT(e.error().text, HasSubstr(c.reason));
    EXPECT_THAT(e.error().text, HasSubstr("example: "));
  }
}

TEST(Endpoint, AnyBytesGiveAnAnswer) {
  std::mt19937 random(7);
  const std::string_view alphabet = "tcpunix:/[]@%?#.0189af- \n\xff";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = i % 2 ? "tcp://" : "unix://";
    for (auto n = random() % 24; n > 0; --n) text += alphabet[random() % alphabet.size()];
    auto e = parse_endpoint(text);
    if (e.has_value()) {
      EXPECT_EQ(e->text, text);
      if (e->kind == scheme::tcp) {
        EXPECT_NE(e->port, 0);
        EXPECT_FALSE(e->host.empty());
      }
    }
  }
}

TEST(Endpoint, IpAddresses) {
  EXPECT_TRUE(is_ip_address("127.0.0.1"));
  EXPECT_TRUE(is_ip_address("::1"));
  EXPECT_FALSE(is_ip_address("[::1]"));
  EXPECT_FALSE(is_ip_address("localhost"));
  EXPECT_FALSE(is_ip_address("127.1"));
  EXPECT_FALSE(is_ip_address(""));
}

}  // namespace
}  // namespace peelbox::transport
