#include "cli/cache_option.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "cli/build_services.hpp"
#include "tests/support/variables.hpp"

namespace peelbox::cli {
namespace {

using attributes = std::map<std::string, std::string>;
using test::variables;
using testing::HasSubstr;
constexpr auto from = cache_way::from;
constexpr auto to = cache_way::to;
constexpr auto buildx = cache_spelling::buildx;
constexpr auto buildctl = cache_spelling::buildctl;

client::cache_place one(std::string_view text, cache_way way, cache_spelling spelling, attributes env = {}) {
  const result<parsed_caches> parsed = parse_cache("--flag", text, way, spelling, variables(std::move(env)));
  EXPECT_TRUE(parsed.has_value()) << parsed.error().text;
  if (parsed.has_error() || parsed->places.size() != 1) return {"none", {}};
  return parsed->places.front();
}

std::string complaint(std::string_view text, cache_way way, cache_spelling spelling, attributes env = {}) {
  const result<parsed_caches> parsed = parse_cache("--flag", text, way, spelling, variables(std::move(env)));
  return parsed.has_error() ? parsed.error().text : "";
}

TEST(Caches, BuildctlsSpelling) {
  // cmd/buildctl/build/exportcache_test.go, importcache_test.go
  EXPECT_EQ(one("example.com/foo/bar", to, buildctl).attributes, (attributes{{"ref", "example.com/foo/bar"}, {"mode", "min"}}));
  EXPECT_EQ(one("example.com/foo/bar", from, buildctl).attributes, (attributes{{"ref", "example.com/foo/bar"}}));
  EXPECT_EQ(one("type=registry,ref=example.com/foo/bar", to, buildctl).attributes, (attributes{{"ref", "example.com/foo/bar"}, {"mode", "min"}}));
  EXPECT_EQ(one("type=registry,ref=example.com/foo/bar,mode=max", to, buildctl).attributes,
            (attributes{{"ref", "example.com/foo/bar"}, {"mode", "max"}}));
  EXPECT_EQ(one("type=inline", to, buildctl).attributes, (attributes{{"mode", "min"}}));
  EXPECT_EQ(one("type=local,dest=d", to, buildctl).type, "local");
  EXPECT_EQ(one("type=gha,url=https://foo.bar,token=xyz", to, buildctl, {{"ACTIONS_CACHE_URL", "https://other"}}).attributes,
            (attributes{{"url", "https://foo.bar"}, {"token", "xyz"}, {"mode", "min"}}));
  EXPECT_THAT(complaint("type=gha", to, buildctl), HasSubstr("--flag 'type=gha': a cache with type=gha needs a token"));
  EXPECT_THAT(complaint("type=gha,token=t", from, buildctl), HasSubstr("needs an address"));
}

TEST(Caches, BuildxsSpelling) {
  const result<parsed_caches> two = parse_cache("--cache-from", "a:1,b:2", from, buildx, variables({}));
  ASSERT_TRUE(two.has_value());
  ASSERT_EQ(two->places.size(), 2u);
  EXPECT_EQ(two->places[1].attributes, (attributes{{"ref", "b:2"}}));
  EXPECT_EQ(one("a:1", to, buildx).attributes, (attributes{{"ref", "a:1"}})) << "no default mode";
  EXPECT_EQ(one("type=s3,bucket=b,region=r", to, buildx,
                {{"AWS_ACCESS_KEY_ID", "i"}, {"AWS_SECRET_ACCESS_KEY", "k"}, {"AWS_SESSION_TOKEN", "t"}})
                .attributes,
            (attributes{{"bucket", "b"}, {"region", "r"}, {"access_key_id", "i"}, {"secret_access_key", "k"}, {"session_token", "t"}}));
  EXPECT_EQ(one("type=s3,bucket=b,access_key_id=mine,secret_access_key=m", to, buildx,
                {{"AWS_ACCESS_KEY_ID", "i"}, {"AWS_SECRET_ACCESS_KEY", "k"}, {"AWS_SESSION_TOKEN", "t"}})
                .attributes.count("session_token"),
            0u);
  const result<parsed_caches> none = parse_cache("--cache-to", "type=gha", to, buildx, variables({}));
  ASSERT_TRUE(none.has_value());
  EXPECT_TRUE(none->places.empty());
  ASSERT_EQ(none->warnings.size(), 1u);
  EXPECT_THAT(none->warnings.front(), HasSubstr("--cache-to 'type=gha' is left out"));
}

TEST(Caches, TheSecondServiceOfGithubIsChosenByVersionOrVariable) {
  const attributes env{{"ACTIONS_CACHE_URL", "https://one"}, {"ACTIONS_RESULTS_URL", "https://two"}, {"ACTIONS_RUNTIME_TOKEN", "t"}};
  EXPECT_EQ(one("type=gha", from, buildx, env).attributes, (attributes{{"url", "https://one"}, {"token", "t"}}));
  attributes second = env;
  second["ACTIONS_CACHE_SERVICE_V2"] = "True";
  EXPECT_EQ(one("type=gha", from, buildx, second).attributes,
            (attributes{{"url", "https://one"}, {"url_v2", "https://two"}, {"token", "t"}}));
  EXPECT_EQ(one("type=gha,version=1", from, buildx, second).attributes.count("url_v2"), 0u);
  EXPECT_EQ(one("type=gha,version=2", from, buildx, env).attributes.at("url_v2"), "https://two");
}

TEST(Caches, WhatIsWrongIsNamed) {
  EXPECT_THAT(complaint("type=registry", to, buildx), HasSubstr("--flag 'type=registry': a cache with type=registry needs ref"));
  EXPECT_THAT(complaint("type=local,dest=d", from, buildx), HasSubstr("needs src"));
  EXPECT_THAT(complaint("type=local,src=d", to, buildx), HasSubstr("needs dest"));
  EXPECT_THAT(complaint("type=regsitry,ref=x", to, buildx), HasSubstr("type=regsitry is not known; it is registry, local, inline"));
  EXPECT_THAT(complaint("type=inline", from, buildx), HasSubstr("import it with type=registry,ref=IMAGE"));
  EXPECT_THAT(complaint("ref=x", from, buildx), HasSubstr("type is missing"));
  EXPECT_THAT(complaint("type=registry,ref=x,mode=all", to, buildx), HasSubstr("mode=all is not known"));
  EXPECT_THAT(complaint("", from, buildx), HasSubstr("it is empty"));
}

TEST(Caches, SeveralServicesHaveOneEach) {
  service_args args;
  args.cache_to = {"type=registry,ref=r/cache:{service}", "type=inline"};
  args.cache_from = {"r/cache:{service}"};
  std::vector<client::solve_request> services(2);
  services[0].name = "api";
  services[1].name = "web";
  std::vector<std::string> warnings;
  ASSERT_TRUE(set_caches(args, variables({}), services, warnings).has_value());
  EXPECT_EQ(services[0].cache_exports[0].attributes.at("ref"), "r/cache:api");
  EXPECT_EQ(services[1].cache_imports[0].attributes.at("ref"), "r/cache:web");
  args.cache_to = {"r/cache:1"};
  EXPECT_THAT(set_caches(args, variables({}), services, warnings).error().text, HasSubstr("2 services cannot write one cache"));
}

TEST(Entitlements, AreThoseOfBuildKit) {
  for (const char* known : {"network.host", "security.insecure", "device", "device=nvidia.com/gpu=all,alias=gpu"})
    EXPECT_TRUE(check_entitlement(known).has_value()) << known;
  for (const char* unknown : {"", "network", "device=", "all"}) EXPECT_EQ(check_entitlement(unknown).error().code, errc::usage) << unknown;
}

}  // namespace
}  // namespace peelbox::cli
