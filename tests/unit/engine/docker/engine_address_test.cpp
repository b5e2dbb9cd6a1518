#include "engine/docker/engine_address.hpp"

#include <gmock/gmock.h>

#include <map>

#include "engine/docker/engine_client.hpp"
#include "engine/oci/digest.hpp"
#include "tests/support/variables.hpp"
#include "tests/unit/engine/docker/scratch.hpp"

namespace peelbox::docker {
namespace {

using testing::HasSubstr;
using transport::scheme;

TEST(EngineHost, TakesDockersForms) {
  EXPECT_EQ(parse_engine_host("unix:///run/d.sock", false, "x")->where.path, "/run/d.sock");
  EXPECT_EQ(parse_engine_host("/run/d.sock", false, "x")->where.path, "/run/d.sock");
  EXPECT_EQ(parse_engine_host("tcp://host", false, "x")->where.text, "tcp://host:2375");
  EXPECT_EQ(parse_engine_host("tcp://host", true, "x")->where.text, "tcp://host:2376");
  EXPECT_EQ(parse_engine_host("tcp://host:99/", true, "x")->where.port, 99);
  EXPECT_EQ(parse_engine_host("http://host:1", false, "x")->where.kind, scheme::tcp);
  EXPECT_EQ(parse_engine_host("tcp://[::1]", false, "x")->where.text, "tcp://[::1]:2375");
  EXPECT_EQ(parse_engine_host("ssh://me@host", false, "x")->where.kind, scheme::ssh);
  for (const char* text : {"", "npipe://x", "docker://", "tcp://a b", "fd://"}) {
    const auto wrong = parse_engine_host(text, false, "DOCKER_HOST");
    ASSERT_TRUE(wrong.has_error()) << text;
    EXPECT_EQ(wrong.error().code, errc::usage) << text;
    EXPECT_THAT(wrong.error().text, HasSubstr("DOCKER_HOST"));
  }
}

class EngineAddress : public testing::Test {
 protected:
  void context(const std::string& name, const std::string& json, bool material = false) {
    const std::string id = oci::digest_of(name).substr(7);
    dir_.write("contexts/meta/" + id + "/meta.json", json);
    if (!material) return;
    for (const char* file : {"ca.pem", "cert.pem", "key.pem"}) dir_.write("contexts/tls/" + id + "/docker/" + file, "x");
  }
  environment env(std::map<std::string, std::string> variables = {}) {
    variables["DOCKER_CONFIG"] = dir_.path();
    return test::variables(std::move(variables));
  }
  test::scratch_directory dir_;
};

TEST_F(EngineAddress, DockerHostGoesFirst) {
  context("remote", R"({"Name":"remote","Endpoints":{"docker":{"Host":"tcp://remote:1"}}})");
  const auto found = find_engine(env({{"DOCKER_HOST", "unix:///run/x.sock"}, {"DOCKER_CONTEXT", "remote"}}), "");
  ASSERT_TRUE(found.has_value()) << found.error().text;
  EXPECT_EQ(found->where.path, "/run/x.sock");
  EXPECT_EQ(found->source, "DOCKER_HOST");
}

TEST_F(EngineAddress, DockerHostWithTls) {
  dir_.write("certs/ca.pem", "x");
  const auto found = find_engine(env({{"DOCKER_HOST", "tcp://host"},
                                      {"DOCKER_TLS_VERIFY", "1"},
                                      {"DOCKER_CERT_PATH", dir_.path() + "/certs"}}),
                                 "");
  ASSERT_TRUE(found.has_value()) << found.error().text;
  EXPECT_EQ(found->where.port, 2376);
  EXPECT_EQ(found->tls.ca.path(), dir_.path() + "/certs/ca.pem");
  EXPECT_EQ(found->tls.certificate.path(), "");
  const auto system = find_engine(env({{"DOCKER_HOST", "tcp://host"}, {"DOCKER_TLS_VERIFY", "1"}}), "");
  EXPECT_FALSE(system->tls.empty());
}

TEST_F(EngineAddress, ContextsWithTheirMaterial) {
  context("remote", R"({"Name":"remote","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://remote:2376"}}})", true);
  for (const auto& found : {find_engine(env(), "remote"), find_engine(env({{"DOCKER_CONTEXT", "remote"}}), "")}) {
    ASSERT_TRUE(found.has_value()) << found.error().text;
    EXPECT_EQ(found->where.text, "tcp://remote:2376");
    EXPECT_TRUE(found->tls.certificate.path().ends_with("/docker/cert.pem"));
    EXPECT_THAT(found->source, HasSubstr("\"remote\""));
  }
  dir_.write("config.json", R"({"currentContext":"remote"})");
  EXPECT_EQ(find_engine(env(), "")->where.text, "tcp://remote:2376");
  EXPECT_EQ(find_engine(env({{"DOCKER_CONTEXT", "default"}}), "")->where.kind, scheme::unix_socket);
}

TEST_F(EngineAddress, AContextThatPointsNowhereNamesTheOthers) {
  context("remote", R"({"Name":"remote","Endpoints":{"docker":{"Host":"tcp://remote:2376"}}})");
  const auto found = find_engine(env({{"DOCKER_CONTEXT", "gone"}}), "");
  ASSERT_TRUE(found.has_error());
  EXPECT_EQ(found.error().code, errc::usage);
  EXPECT_THAT(found.error().text, HasSubstr("docker context \"gone\" (DOCKER_CONTEXT)"));
  EXPECT_THAT(found.error().text, HasSubstr("default, remote"));
}

TEST_F(EngineAddress, BrokenContexts) {
  context("a", "{");
  context("b", R"({"Name":"b","Endpoints":{}})");
  context("c", R"({"Name":"c","Endpoints":{"docker":{"Host":"tcp://h:1","SkipTLSVerify":true}}})");
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(find_engine(env(), name).has_error()) << name;
  dir_.write("config.json", "{");
  EXPECT_TRUE(find_engine(env(), "").has_error());
}

TEST(LoadReply, ErrorsInsideOfAGoodReply) {
  EXPECT_EQ(*read_load_reply("{\"stream\":\"Loaded image: a:1\\n\"}\n"), "Loaded image: a:1");
  const auto bad = read_load_reply("{\"stream\":\"x\"}\n{\"errorDetail\":{\"message\":\"no space\"},\"error\":\"no space\"}\n");
  ASSERT_TRUE(bad.has_error());
  EXPECT_EQ(bad.error().text, "no space");
  EXPECT_EQ(*read_load_reply("not json\n\n"), "");
}

}  // namespace
}  // namespace peelbox::docker
