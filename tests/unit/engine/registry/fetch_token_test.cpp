#include "engine/registry/fetch_token.hpp"

#include <gmock/gmock.h>

#include "tests/support/run_task.hpp"

namespace peelbox::registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct server {
  int form_status = 200;
  std::vector<std::string> asked;

  http_call call() {
    return [this](http::url to, http::request what) { return answer(std::move(to), std::move(what)); };
  }
  task<result<http::reply>> answer(http::url to, http::request what) {
    std::string line = what.method + " " + to.text();
    for (const auto& [name, value] : what.headers)
      if (name == "Authorization") line += " " + value;
    asked.push_back(line);
    http::reply r;
    r.status = what.method == "POST" ? form_status : 200;
    if (r.ok()) r.body = R"({"token":"t"})";
    co_return r;
  }
  result<token> fetch(docker::credentials login, const char* realm = "https://auth/token", bool plain = false) {
    return peelbox::test::run_task(fetch_token(call(), {realm, "s", {}}, std::move(login), plain));
  }
};

docker::credentials login(std::string user, std::string secret) {
  docker::credentials c;
  c.username = std::move(user);
  c.secret = std::move(secret);
  return c;
}

TEST(FetchToken, NobodyAsksWithAQuery) {
  server s;
  EXPECT_EQ(s.fetch({})->value, "t");
  EXPECT_THAT(s.asked, ElementsAre("GET https://auth/token?service=s"));
}

TEST(FetchToken, ALoginAsksWithAFormAndElseWithAQuery) {
  server s;
  EXPECT_EQ(s.fetch(login("me", "x"))->value, "t");
  EXPECT_THAT(s.asked, ElementsAre("POST https://auth/token"));
  for (const int status : {401, 404, 405}) {
    server old{status, {}};
    EXPECT_TRUE(old.fetch(login("me", "x")).has_value()) << status;
    EXPECT_THAT(old.asked, ElementsAre("POST https://auth/token", "GET https://auth/token?service=s Basic bWU6eA=="));
  }
  server broken{400, {}};
  EXPECT_THAT(broken.fetch(login("me", "x")).error().text, HasSubstr("token server https://auth: HTTP status 400"));
  EXPECT_EQ(broken.asked.size(), 1u);
}

TEST(FetchToken, AReadyTokenNeedsNoServer) {
  server s;
  docker::credentials c;
  c.registry_token = "ready";
  EXPECT_EQ(s.fetch(std::move(c))->value, "ready");
  EXPECT_TRUE(s.asked.empty());
}

TEST(FetchToken, NoLoginLeavesTheMachineWithoutTls) {
  server s;
  const auto refused = s.fetch(login("me", "x"), "http://auth/token");
  EXPECT_THAT(refused.error().text, HasSubstr("without TLS"));
  EXPECT_TRUE(s.asked.empty());
  EXPECT_TRUE(s.fetch(login("me", "x"), "http://localhost:1/token").has_value());
  EXPECT_TRUE(s.fetch(login("me", "x"), "http://auth/token", true).has_value());
  EXPECT_TRUE(s.fetch({}, "http://auth/token").has_value());
}

}  // namespace
}  // namespace peelbox::registry
