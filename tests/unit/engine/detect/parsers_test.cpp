#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/detect/value.hpp"

namespace peelbox::detect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Json, CommentsAndTrailingCommas) {
  const auto tree = parse_json("{ // a\n \"u\": \"http://x/*y*/\", /* b\n */ \"l\": [1, 2, ], }");
  ASSERT_TRUE(tree.has_value()) << tree.error().text;
  EXPECT_EQ((*tree)["u"].text, "http://x/*y*/");
  EXPECT_THAT((*tree)["l"].texts(), ElementsAre("1", "2"));
  EXPECT_FALSE(tree->has("none"));
  EXPECT_EQ((*tree)["none"]["deeper"].text, "");
}

TEST(Json, BrokenTexts) {
  for (const char* text : {"", "{", "[1", "\"", "/*", "//", "{\"a\":}", "{\"a\" 1}", "nul"})
    EXPECT_TRUE(parse_json(text).has_error()) << text;
  EXPECT_TRUE(parse_json(std::string(100, '[') + std::string(100, ']')).has_error());
}

TEST(Toml, TablesAndScalars) {
  const auto tree = parse_toml("a = 1\nb = true\nd = 1979-05-27\n[x.y]\nz = [\"q\", 'r']\n[[bin]]\nname = \"n\"\n");
  ASSERT_TRUE(tree.has_value()) << tree.error().text;
  EXPECT_EQ((*tree)["a"].text, "1");
  EXPECT_EQ((*tree)["b"].text, "true");
  EXPECT_EQ((*tree)["d"].text, "1979-05-27");
  EXPECT_THAT((*tree)["x"]["y"]["z"].texts(), ElementsAre("q", "r"));
  EXPECT_EQ((*tree)["bin"].items.at(0)["name"].text, "n");
}

TEST(Toml, BrokenTextsNameTheLine) {
  const auto tree = parse_toml("a = 1\nb = [\n");
  ASSERT_TRUE(tree.has_error());
  EXPECT_THAT(tree.error().text, HasSubstr("TOML:"));
  EXPECT_TRUE(parse_toml("a = " + std::string(10000, '[')).has_error());
  // Letters that are neither blanks nor ASCII, where none may be.
  for (const char* letter : {"\u00a1", "\u00f6", "\u0416", "\u1681", "\u2010", "\u4e2d", "\ufefe", "\U0001f600"}) {
    EXPECT_TRUE(parse_toml(std::string("a = 1") + letter + "b\n").has_error()) << letter;
    EXPECT_TRUE(parse_toml(std::string("a ") + letter + "= 1\n").has_error()) << letter;
    EXPECT_TRUE(parse_toml(std::string("a = 1!") + letter + "app\n").has_error()) << letter;
    const auto text = parse_toml(std::string("a = \"") + letter + "\" # " + letter + "\n");
    ASSERT_TRUE(text.has_value()) << letter;
    EXPECT_EQ((*text)["a"].text, letter);
  }
}

TEST(Toml, DeepKeysAreRefusedBeforeTheyHurt) {
  std::string key;
  for (int i = 0; i < 100000; ++i) key += "a.";
  EXPECT_TRUE(parse_toml(key + "b = 1\n").has_error());
  EXPECT_TRUE(parse_toml("[" + key + "b]\n").has_error());
  EXPECT_TRUE(parse_toml("x = { " + key + "b = 1 }\n").has_error());
  std::string quoted;
  for (int i = 0; i < 1000; ++i) quoted += "\"a\".'b' . ";
  EXPECT_TRUE(parse_toml(quoted + "c = 1\n").has_error());
  // The end of a string is where the parser sees it.
  EXPECT_TRUE(parse_toml("x = [\"\"\"y\"\"\"\", { " + key + "b = 1 }]\n").has_error());
  EXPECT_TRUE(parse_toml("x = \"\"\"\\\"\"\"\"\n" + key + "b = 1\n").has_error());
  std::string nested = "x = ";
  for (int i = 0; i < 200; ++i) nested += "{ a.b.c.d.e.f.g.h = ";
  EXPECT_TRUE(parse_toml(nested + "1" + std::string(200, '}')).has_error());
}

TEST(Toml, DotsInStringsAndCommentsAreNoKeys) {
  const std::string dots = "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19";
  const auto tree = parse_toml("a = \"" + dots + "\" # " + dots + "\nb = \"\"\"\n" + dots + "\\\"\n\"\"\"\nc = '" + dots + "'\n");
  ASSERT_TRUE(tree.has_value()) << tree.error().text;
  EXPECT_EQ((*tree)["c"].text, dots);
}

TEST(Xml, ElementsAttributesAndText) {
  const auto tree = parse_xml(
      "\xef\xbb\xbf<?xml version=\"1.0\"?><!DOCTYPE x><!-- c --><p a='1 &amp; 2'><m>one</m><m><![CDATA[<two>]]></m><e/></p>");
  ASSERT_TRUE(tree.has_error());  // the byte order mark is taken off by repository::read()
  const auto plain = parse_xml(
      "<?xml version=\"1.0\"?><!DOCTYPE x><!-- c --><p a='1 &amp; 2'><m>one</m><m><![CDATA[<two>]]></m><e/></p>");
  ASSERT_TRUE(plain.has_value()) << plain.error().text;
  const value& p = (*plain)["p"];
  EXPECT_EQ(p["@a"].text, "1 & 2");
  ASSERT_EQ(all(p, "m").size(), 2u);
  EXPECT_EQ((*all(p, "m")[1])["#text"].text, "<two>");
  EXPECT_TRUE(p.has("e"));
}

TEST(Xml, BrokenTexts) {
  for (const char* text : {"", "<", "<a", "<a>", "<a></b>", "<a b></a>", "<a b=c></a>", "<a b='c></a>", "<!-- ", "<a><![CDATA[", "</a>", "x"})
    EXPECT_TRUE(parse_xml(text).has_error()) << text;
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "<a>";
  EXPECT_TRUE(parse_xml(deep).has_error());
}

}  // namespace
}  // namespace peelbox::detect
