#include "engine/registry/challenge.hpp"

#include <gmock/gmock.h>

namespace peelbox::registry {
namespace {

TEST(Challenge, ABearerWithItsParameters) {
  const auto all = parse_challenges(R"(Bearer realm="https://auth.example/token",service="reg.example",scope="repository:a/b:pull,push")");
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].scheme, "bearer");
  EXPECT_EQ(all[0].parameter("realm"), "https://auth.example/token");
  EXPECT_EQ(all[0].parameter("service"), "reg.example");
  EXPECT_EQ(all[0].parameter("scope"), "repository:a/b:pull,push");
  EXPECT_EQ(all[0].parameter("error"), "");
}

TEST(Challenge, SeveralInOneField) {
  const auto all = parse_challenges(R"(Basic realm="a, b=\"c\"", BEARER Realm = https , x=y, Negotiate)");
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].parameter("realm"), R"(a, b="c")");
  EXPECT_EQ(all[1].scheme, "bearer");
  EXPECT_EQ(all[1].parameter("realm"), "https");
  EXPECT_EQ(all[1].parameter("x"), "y");
  EXPECT_EQ(all[2].scheme, "negotiate");
  EXPECT_EQ(choose(all), &all[1]);
}

TEST(Challenge, WithoutABearerBasicIsAnswered) {
  const auto all = parse_challenges(R"(Bearer service="no realm", Basic realm="x")");
  EXPECT_EQ(choose(all), &all[1]);
  EXPECT_EQ(choose(parse_challenges("Negotiate")), nullptr);
}

TEST(Challenge, WhatCannotBeReadEndsTheList) {
  EXPECT_TRUE(parse_challenges("").empty());
  EXPECT_TRUE(parse_challenges("=,\"").empty());
  EXPECT_TRUE(parse_challenges(R"(Bearer realm="never closed)").empty());
  EXPECT_EQ(parse_challenges("a, b, (").size(), 2u);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "Basic a=" + std::to_string(i) + ", ";
  EXPECT_EQ(parse_challenges(many).size(), 16u);
}

}  // namespace
}  // namespace peelbox::registry
