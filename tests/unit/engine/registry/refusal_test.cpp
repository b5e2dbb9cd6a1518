#include "engine/registry/refusal.hpp"

#include <gmock/gmock.h>

namespace peelbox::registry {
namespace {

using testing::HasSubstr;

http::reply reply_with(int status, std::string body) {
  http::reply r;
  r.status = status;
  r.words = body;
  r.body = std::move(body);
  return r;
}

TEST(Refusal, TheRegistrysOwnCodeAndWords) {
  const failure why = refusal("manifest of reg/a:1", "reg", reply_with(404, R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such thing"}]})"));
  EXPECT_EQ(why.code, errc::not_found);
  EXPECT_EQ(why.who, origin::peer);
  EXPECT_EQ(why.text, "manifest of reg/a:1: HTTP status 404: MANIFEST_UNKNOWN: no such thing");
}

TEST(Refusal, WhatToDo) {
  EXPECT_THAT(refusal("x", "reg:5000", reply_with(401, "")).text, HasSubstr("docker login reg:5000"));
  EXPECT_EQ(refusal("x", "reg", reply_with(403, "{\"errors\":[]}")).code, errc::permission);
  http::reply many = reply_with(429, "slow down");
  many.headers.emplace_back("retry-after", "90");
  EXPECT_THAT(refusal("x", "reg", many).text, HasSubstr("try again in 90 s"));
  EXPECT_EQ(refusal("x", "reg", many).code, errc::connection);
  EXPECT_EQ(refusal("x", "reg", reply_with(400, "bad")).code, errc::remote);
}

TEST(Refusal, TokenServersHaveWordsOfTheirOwn) {
  EXPECT_THAT(refusal("x", "r", reply_with(400, R"({"error":"invalid_grant","error_description":"wrong password"})")).text, HasSubstr("wrong password"));
  EXPECT_LT(refusal("x", "r", reply_with(500, std::string(100'000, 'a'))).text.size(), 1000u);
}

}  // namespace
}  // namespace peelbox::registry
