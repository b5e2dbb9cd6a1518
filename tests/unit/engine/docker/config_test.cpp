#include "engine/docker/config.hpp"

#include <gmock/gmock.h>

#include <random>

#include "engine/docker/credentials.hpp"
#include "tests/support/variables.hpp"
#include "tests/unit/engine/docker/scratch.hpp"

namespace peelbox::docker {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

config parsed(std::string_view json) {
  auto c = parse_config(json, "config.json");
  EXPECT_TRUE(c.has_value()) << (c.has_error() ? c.error().text : "");
  return c.has_value() ? *c : config();
}

TEST(DockerConfig, ReadsLoginsAndHelpers) {
  const config c = parsed(R"({
    "auths": {"r.example": {"auth": "dTpw"}, "empty.example": {}, "null.example": null,
              "t.example": {"identitytoken": "T", "registrytoken": "R", "username": "u", "password": "p"}},
    "credHelpers": {"gcr.io": "gcloud"}, "credsStore": "desktop", "HttpHeaders": {"a": "b"}, "psFormat": 7})");
  EXPECT_EQ(c.file, "config.json");
  EXPECT_EQ(c.auths.at("r.example").auth, "dTpw");
  EXPECT_TRUE(c.auths.at("empty.example").empty());
  EXPECT_TRUE(c.auths.at("null.example").empty());
  EXPECT_EQ(c.auths.at("t.example").identity_token, "T");
  EXPECT_EQ(c.auths.at("t.example").registry_token, "R");
  EXPECT_EQ(c.auths.at("t.example").username, "u");
  EXPECT_EQ(c.auths.at("t.example").password, "p");
  EXPECT_EQ(c.cred_helpers.at("gcr.io"), "gcloud");
  EXPECT_EQ(c.creds_store, "desktop");
  EXPECT_FALSE(c.default_store);
}

TEST(DockerConfig, EmptyIsNoLogin) {
  for (const char* text : {"", " \n", "{}", R"({"auths":null,"credHelpers":null,"credsStore":null})"}) {
    const config c = parsed(text);
    EXPECT_TRUE(c.auths.empty() && c.cred_helpers.empty() && c.creds_store.empty());
  }
}

TEST(DockerConfig, ErrorsNameFileAndKeyButNeverAValue) {
  struct {
    const char* text;
    const char* key;
  } const cases[] = {
      {"{", "JSON"},
      {"[]", "is not a JSON object"},
      {R"({"auths": "s3cret"})", "auths is not an object"},
      {R"({"auths": {"r.example": "s3cret"}})", "auths[\"r.example\"] is not an object"},
      {R"({"auths": {"r.example": {"auth": ["s3cret"]}}})", "auths[\"r.example\"].auth is not a string"},
      {R"({"auths": {"r.example": {"password": {"s3cret": 1}}}})", "auths[\"r.example\"].password is not a string"},
      {R"({"credHelpers": ["s3cret"]})", "credHelpers is not an object"},
      {R"({"credHelpers": {"r.example": 3}})", "credHelpers[\"r.example\"] is not a string"},
      {R"({"credsStore": ["s3cret"]})", "credsStore is not a string"},
      {R"({"auths": {"r.example": {"auth": "s3cret}}})", "JSON"},
  };
  for (const auto& c : cases) {
    auto r = parse_config(c.text, "/x/config.json");
    ASSERT_TRUE(r.has_error()) << c.text;
    EXPECT_EQ(r.error().code, errc::usage);
    EXPECT_THAT(r.error().text, AllOf(HasSubstr("/x/config.json: "), HasSubstr(c.key), Not(HasSubstr("s3cret"))));
  }
}

TEST(DockerConfig, AnyBytesGiveAnAnswer) {
  const std::string good = R"({"auths":{"r":{"auth":"dTpw","username":"u"}},"credHelpers":{"a":"b"},"credsStore":"c"})";
  std::mt19937 random(3);
  for (int i = 0; i < 5000; ++i) {
    std::string text = good;
    for (auto n = random() % 4 + 1; n > 0; --n) text[random() % text.size()] = static_cast<char>(random());
    if (i % 3 == 0) text.resize(random() % text.size());
    (void)parse_config(text, "f");
  }
  EXPECT_TRUE(parse_config(std::string(100'000, '['), "f").has_error());
  EXPECT_EQ(parse_config(std::string(5 << 20, ' '), "f").error().code, errc::limit);
}

TEST(DockerConfig, FindsTheFile) {
  test::scratch_directory scratch;
  scratch.write(".docker/config.json", R"({"credsStore":"home"})");
  scratch.write("other/config.json", R"({"credsStore":"other"})");
  const std::string home = scratch.path();
  EXPECT_EQ(load_config(test::variables({{"HOME", home}})).value().creds_store, "home");
  EXPECT_EQ(load_config(test::variables({{"HOME", home}, {"DOCKER_CONFIG", home + "/other"}})).value().creds_store,
            "other");
  const config none = load_config(test::variables({{"HOME", home}, {"DOCKER_CONFIG", home + "/none"}})).value();
  EXPECT_TRUE(none.file.empty());
  EXPECT_TRUE(none.creds_store.empty());
  EXPECT_TRUE(load_config(test::variables({})).has_value());

  scratch.write("bad/config.json", "nonsense");
  auto bad = load_config(test::variables({{"DOCKER_CONFIG", home + "/bad"}}));
  ASSERT_TRUE(bad.has_error());
  EXPECT_THAT(bad.error().text, HasSubstr("bad/config.json"));
  std::filesystem::create_directories(scratch.file("dir/config.json"));
  EXPECT_TRUE(load_config(test::variables({{"DOCKER_CONFIG", home + "/dir"}})).has_error());
}

TEST(DockerConfig, TheSystemsHelperIsUsedOnlyWhenNothingIsConfigured) {
  test::scratch_directory scratch;
  scratch.script("bin/pass", "");
  scratch.script("bin/docker-credential-pass", "");
  scratch.script("bin2/docker-credential-secretservice", "");
  const auto with_path = [&](const std::string& path) {
    return load_config(test::variables({{"PATH", path}, {"HOME", scratch.path()}})).value();
  };
  EXPECT_EQ(with_path(scratch.file("bin")).creds_store, "pass");
  EXPECT_TRUE(with_path(scratch.file("bin")).default_store);
  EXPECT_EQ(with_path(scratch.file("none") + ":" + scratch.file("bin2")).creds_store, "secretservice");
  EXPECT_EQ(with_path("").creds_store, "");
  scratch.write(".docker/config.json", R"({"auths":{"r.example":{"auth":"dTpw"}}})");
  EXPECT_EQ(with_path(scratch.file("bin")).creds_store, "");
}

TEST(DockerConfig, RegistryNames) {
  for (const char* name : {"docker.io", "index.docker.io", "registry-1.docker.io", "https://index.docker.io/v1/"})
    EXPECT_EQ(registry_key(name), "https://index.docker.io/v1/");
  EXPECT_EQ(registry_key("localhost:5000"), "localhost:5000");
  EXPECT_EQ(host_of_key("https://r.example/v2/"), "r.example");
  EXPECT_EQ(host_of_key("http://r.example:5000"), "r.example:5000");
  EXPECT_EQ(host_of_key("r.example"), "r.example");
  EXPECT_EQ(host_of_key(""), "");
}

TEST(DockerConfig, LoginsAreFoundUnderTheNamesPeopleWrite) {
  const config c = parsed(R"({"auths": {
    "https://index.docker.io/v1/": {"auth": "aHViOnA6dw=="},
    "https://r.example/v1/": {"auth": "dTpw"},
    "plain.example:5000": {"username": "u", "password": "p"},
    "token.example": {"auth": "dTpw", "identitytoken": "T"},
    "bearer.example": {"registrytoken": "R"},
    "nul.example": {"auth": "dTpwAAA="},
    "bad.example": {"auth": "!s3cret"}, "nocolon.example": {"auth": "dXA="}}})");
  const auto find = [&](std::string_view host) { return find_in_auths(c.auths, host, c.file).value(); };
  EXPECT_EQ(find("registry-1.docker.io").username, "hub");
  EXPECT_EQ(find("docker.io").secret, "p:w");
  EXPECT_EQ(find("r.example").username, "u");
  EXPECT_EQ(find("r.example").secret, "p");
  EXPECT_EQ(find("plain.example:5000").secret, "p");
  EXPECT_EQ(find("https://plain.example:5000/v2/").secret, "p");
  EXPECT_TRUE(find("plain.example").empty());
  EXPECT_EQ(find("token.example").username, "");
  EXPECT_EQ(find("token.example").secret, "T");
  EXPECT_EQ(find("bearer.example").registry_token, "R");
  EXPECT_EQ(find("nul.example").secret, "p");
  EXPECT_TRUE(find("unknown.example").empty());
  for (const char* host : {"bad.example", "nocolon.example"}) {
    auto r = find_in_auths(c.auths, host, c.file);
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code, errc::usage);
    EXPECT_THAT(r.error().text, AllOf(HasSubstr("config.json: auths[\""), HasSubstr(host), Not(HasSubstr("s3cret"))));
  }
}

TEST(DockerConfig, WhichHelperIsResponsible) {
  config c = parsed(R"({"credHelpers":{"gcr.io":"gcloud","docker.io":"hub"},"credsStore":"rest"})");
  EXPECT_EQ(helper_of(c, "gcr.io"), "gcloud");
  EXPECT_EQ(helper_of(c, "registry-1.docker.io"), "hub");
  EXPECT_EQ(helper_of(c, "quay.io"), "rest");
  c.creds_store.clear();
  EXPECT_EQ(helper_of(c, "quay.io"), "");
}

}  // namespace
}  // namespace peelbox::docker
