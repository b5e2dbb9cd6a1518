#include "engine/spec/json_syntax.hpp"

#include <gtest/gtest.h>

#include "engine/spec/json_tree.hpp"

namespace peelbox::spec {
namespace {

/// "line: what is wrong", or "".
std::string mistake(std::string_view text) {
  const auto found = find_json_mistake(text);
  return found ? std::to_string(line_of(text, found->offset)) + ": " + found->text : "";
}

TEST(JsonSyntax, CommasAndColons) {
  EXPECT_EQ(mistake("{\n\"a\": \"1.0\"\n\"b\": 2}"), "2: a comma is missing between \"1.0\" and \"b\"");
  EXPECT_EQ(mistake("[1\n2]"), "1: a comma is missing between 1 and 2");
  EXPECT_EQ(mistake("{\"a\": {\"b\": []\n}\n\"c\": 2}"), "2: a comma is missing between } and \"c\"");
  EXPECT_EQ(mistake("[\"a\",\n]"), "1: remove the comma before ]");
  EXPECT_EQ(mistake("{\"a\": 1,\n\n}"), "1: remove the comma before }");
  EXPECT_EQ(mistake("[1,,2]"), "1: a value is missing before the comma");
  EXPECT_EQ(mistake("{\"a\":1,,\"b\":2}"), "1: there is nothing between two commas");
  EXPECT_EQ(mistake("[,1]"), "1: a value is missing before the comma");
  EXPECT_EQ(mistake("{\"build\" {\"a\": 1}}"), "1: a colon and a value are missing after \"build\"");
  EXPECT_EQ(mistake("{\"a\"}"), "1: a colon and a value are missing after \"a\"");
  EXPECT_EQ(mistake("{\"a\":\n}"), "2: a value is missing before }");
  EXPECT_EQ(mistake("{\"a\"::1}"), "1: a value is expected here, not a colon");
  EXPECT_EQ(mistake("{\"a\":1:2}"), "1: a colon stands between a key and its value only");
}

TEST(JsonSyntax, Brackets) {
  EXPECT_EQ(mistake("{\n\"a\": [1"), "2: the [ of this line is not closed");
  EXPECT_EQ(mistake("{\n\"a\": [1]\n"), "1: the { of this line is not closed");
  EXPECT_EQ(mistake("{"), "1: the { of this line is not closed");
  EXPECT_EQ(mistake("{\"a\":\n[1\n}"), "3: the [ of line 2 is closed by }");
  EXPECT_EQ(mistake("{\"a\": 1}\n}"), "2: one } too many");
  EXPECT_EQ(mistake("{\"a\": 1}\n{\"a\": 1}"), "2: several services have to stand in an array: [ { … }, { … } ]");
  EXPECT_EQ(mistake("[] x"), "1: there is more text after the end of the JSON value: x");
}

TEST(JsonSyntax, Strings) {
  EXPECT_EQ(mistake("{\"a\":\n\"true\n}"), "2: the string \"true is not closed on its line");
  EXPECT_EQ(mistake("[\"äääääääääääääääääääää"), "1: the string \"ääääääääääääää… is not closed on its line");
  EXPECT_EQ(mistake("[\"a\tb\"]"), "1: a string has a tab in it; write \\t");
  EXPECT_EQ(mistake("[\"\x1b[0m\"]"), "1: a string has a control character in it; write \\u001b");
  EXPECT_EQ(mistake("[\"\\x41\"]"), "1: \\x means nothing in a JSON string; for the backslash itself write \\\\");
  EXPECT_EQ(mistake("[\"\\u12\"]"), "1: \\u needs four hexadecimal digits after it");
  EXPECT_EQ(mistake("['a']"), "1: a string has double quotes (\"), not single ones");
  EXPECT_EQ(mistake("{'a': 1}"), "1: a key has double quotes (\"), not single ones");
  EXPECT_EQ(mistake("[\"\\"), "1: a backslash in a JSON string is written \\\\");
}

TEST(JsonSyntax, Words) {
  EXPECT_EQ(mistake("[True]"), "1: True is written true");
  EXPECT_EQ(mistake("{\"a\": None}"), "1: None is written null");
  EXPECT_EQ(mistake("{\"a\": make}"), "1: a string has double quotes: \"make\"");
  EXPECT_EQ(mistake("{build: 1}"), "1: a key has double quotes: \"build\"");
  EXPECT_EQ(mistake("[1.0.0]"), "1: 1.0.0 is not a number; a string has double quotes: \"1.0.0\"");
  EXPECT_EQ(mistake("[01]"), "1: 01 is not a number; a string has double quotes: \"01\"");
  EXPECT_EQ(mistake("{ // why\n}"), "1: JSON has no comments");
  EXPECT_EQ(mistake("[1, # why\n2]"), "1: JSON has no comments");
  EXPECT_EQ(mistake("[1 /* why */]"), "1: JSON has no comments");
  EXPECT_EQ(mistake("version: \"1.0\"\n"), "1: the text has to begin with { or [, as JSON does; YAML and others are not read");
  EXPECT_EQ(mistake("[=]"), "1: a value is expected here, not =");
}

TEST(JsonSyntax, GoodTextHasNone) {
  for (const char* good : {"{}", "[]", " [ ] \n", "{\"a\": [1, -0.5e+3, true, null, {\"b\": {}}, []], \"c\": \"\\u00e4\\n\\\\\"}", "\"x\"", "12", "null"})
    EXPECT_EQ(mistake(good), "") << good;
}

// What the parser refuses and what this finds must be the same, whatever is cut out of a good text.
TEST(JsonSyntax, AgreesWithTheParser) {
  const std::string good = "[{\"a\": [1, -2.5e3, true, \"x\\n\"], \"b\": {\"c\": null, \"d\": {}}}, []]";
  constexpr json_limits limits{1'000'000, 64, 100'000};
  for (std::size_t from = 0; from < good.size(); ++from)
    for (std::size_t size = 0; size <= 3 && from + size <= good.size(); ++size)
      for (const char* put : {"", ",", "}", "\"", "x"}) {
        const std::string text = std::string(good).replace(from, size, put);
        const auto parsed = parse_json(text, "t", limits);
        EXPECT_EQ(parsed.has_error(), find_json_mistake(text).has_value()) << text << (parsed.has_error() ? parsed.error().text : "");
      }
}

}  // namespace
}  // namespace peelbox::spec
