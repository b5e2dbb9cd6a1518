#include "engine/data/json.hpp"

#include <gmock/gmock.h>

namespace peelbox::data {
namespace {

using testing::HasSubstr;

failure failure_of_text(std::string_view text, json_limits most = {}) {
  const auto tree = parse_json(text, "file.json", most);
  EXPECT_TRUE(tree.has_error()) << text;
  return tree.has_error() ? tree.error() : failure();
}

TEST(Json, MembersAreFoundOrAbsent) {
  const auto tree = parse_json(R"({"a":"x","b":{"c":"y"},"n":null,"d":3})", "t");
  ASSERT_TRUE(tree.has_value()) << tree.error().text;
  EXPECT_EQ(text_of(*tree, "a"), "x");
  ASSERT_NE(member(*tree, "b"), nullptr);
  EXPECT_EQ(text_of(*member(*tree, "b"), "c"), "y");
  EXPECT_EQ(member(*tree, "n"), nullptr);
  EXPECT_EQ(member(*tree, "absent"), nullptr);
  EXPECT_EQ(text_of(*tree, "d"), "");
  EXPECT_EQ(member(json::value(3), "a"), nullptr);
}

TEST(Json, WhatIsNoDocumentIsToldWithItsLine) {
  EXPECT_THAT(failure_of_text("{\n\"a\": 1,\n}").text, HasSubstr("file.json: not valid JSON"));
  EXPECT_THAT(failure_of_text("{\n\"a\": 1,\n}").text, HasSubstr("(line 3)"));
  for (const std::string_view bad : {"", " ", "{", "[1", "tru", "\"a", "\xff", "\"\xff\"", "{} {}", "{} x", "nul"})
    EXPECT_EQ(failure_of_text(bad).code, errc::protocol) << bad;
  EXPECT_TRUE(parse_json(" [1] \n", "t").has_value());
  EXPECT_TRUE(parse_json("12", "t").has_value());
}

TEST(Json, BoundsSizeAndDepth) {
  EXPECT_EQ(failure_of_text("[1,2]", {4, 32}).code, errc::limit);
  EXPECT_EQ(failure_of_text(std::string(40, '[') + std::string(40, ']')).code, errc::protocol);
  EXPECT_TRUE(parse_json(std::string(32, '[') + std::string(32, ']'), "t").has_value());
}

TEST(Json, TextKeepsOrderAndEscapesWhatMustBe) {
  EXPECT_EQ(to_text(json::object{{"b", "x\"y"}, {"a", json::array{1, true, nullptr}}}), R"({"b":"x\"y","a":[1,true,null]})");
  EXPECT_EQ(in_quotes("a\\\n\x01/"), R"("a\\\n\u0001/")");
}

}  // namespace
}  // namespace peelbox::data
