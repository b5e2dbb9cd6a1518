#include "engine/client/source_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/policy.pb.h"

namespace peelbox::client {
namespace {

using testing::HasSubstr;

std::string complaint(std::string_view text) { return parse_source_policy(text, "policy.json").error().text; }

TEST(SourcePolicy, HasRules) {
  const auto policy = parse_source_policy(R"({"version": 1, "rules": [
    {"action": "DENY", "selector": {"identifier": "docker-image://*", "match_type": "WILDCARD",
      "constraints": [{"key": "k", "value": "v", "condition": "NOTEQUAL"}]}},
    {"action": 2, "selector": {"identifier": "docker-image://a:1", "matchType": "EXACT"},
     "updates": {"identifier": "docker-image://b:1", "attrs": {"http.checksum": "sha256:1"}}}]})", "policy.json");
  ASSERT_TRUE(policy.has_value()) << policy.error().text;
  const auto& rules = (*policy)->rules();
  ASSERT_EQ(rules.size(), 2);
  EXPECT_EQ((*policy)->version(), 1);
  EXPECT_EQ(rules[0].action(), 1);
  EXPECT_EQ(rules[0].selector().identifier(), "docker-image://*");
  EXPECT_EQ(rules[0].selector().constraints(0).condition(), 1);
  EXPECT_EQ(rules[1].action(), 2);
  EXPECT_EQ(rules[1].selector().match_type(), 1);
  EXPECT_EQ(rules[1].updates().identifier(), "docker-image://b:1");
  EXPECT_EQ(rules[1].updates().attrs().at("http.checksum"), "sha256:1");
}

TEST(SourcePolicy, WhatIsNotUnderstoodIsRefused) {
  EXPECT_THAT(complaint("{"), HasSubstr("policy.json"));
  EXPECT_THAT(complaint("{}"), HasSubstr("no rules"));
  EXPECT_THAT(complaint(R"({"rules": [{"action": "FORBID"}]})"), HasSubstr("policy.json: rules[0].action: expected ALLOW, DENY, CONVERT"));
  EXPECT_THAT(complaint(R"({"rules": [{"action": 3}]})"), HasSubstr("expected ALLOW"));
  EXPECT_THAT(complaint(R"({"rules": [{"selector": {"identifer": "x"}}]})"), HasSubstr("rules[0].selector.identifer: unknown key"));
  EXPECT_THAT(complaint(R"({"rules": {}})"), HasSubstr("rules: expected a list"));
  EXPECT_THAT(complaint(R"({"version": 2})"), HasSubstr("version: expected 1"));
}

}  // namespace
}  // namespace peelbox::client
