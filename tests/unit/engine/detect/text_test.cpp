#include "engine/detect/text.hpp"

#include <gtest/gtest.h>

namespace peelbox::detect {
namespace {

TEST(Text, CarriageReturnsAndAMarkAreTakenOff) {
  EXPECT_EQ(normalised("\xef\xbb\xbf" "a\r\nb\r\r\r\n\r\nc\rd\r"), "a\nb\n\nc\rd\r");
  EXPECT_EQ(normalised("a\nb"), "a\nb");
  EXPECT_EQ(normalised(""), "");
}

TEST(Paths, ResolveStaysInside) {
  EXPECT_EQ(resolve("a/b", "../c/./d"), "a/c/d");
  EXPECT_EQ(resolve("", "a//b/"), "a/b");
  EXPECT_EQ(resolve("a", ".."), "");
  EXPECT_EQ(resolve("a", "../.."), std::nullopt);
  EXPECT_EQ(resolve("a", "/etc"), std::nullopt);
}

TEST(Paths, Inside) {
  EXPECT_TRUE(is_inside("a/b", "a"));
  EXPECT_TRUE(is_inside("a", "a"));
  EXPECT_TRUE(is_inside("a", ""));
  EXPECT_FALSE(is_inside("ab", "a"));
  EXPECT_FALSE(is_inside("", "a"));
}

TEST(Patterns, NamesAndPaths) {
  EXPECT_TRUE(name_matches("*.csproj", "A.csproj"));
  EXPECT_TRUE(name_matches("a*b*c", "axbxbc"));
  EXPECT_FALSE(name_matches("a*b", "ac"));
  EXPECT_TRUE(path_matches("packages/*", "packages/a"));
  EXPECT_FALSE(path_matches("packages/*", "packages/a/b"));
  EXPECT_TRUE(path_matches("./libs/**", "libs/a/b"));
  EXPECT_TRUE(path_matches("**/x", "x"));
  EXPECT_TRUE(path_matches("a/**/x", "a/b/c/x"));
}

TEST(Patterns, ManyStarsEnd) {
  EXPECT_FALSE(name_matches(std::string(200, '*') + "b", std::string(5000, 'a')));
  std::string pattern;
  std::string path = "z";
  for (int i = 0; i < 50; ++i) pattern += "**/a*/";
  for (int i = 0; i < 200; ++i) path += "/a";
  EXPECT_FALSE(path_matches(pattern + "b", path));
}

TEST(Versions, FirstAndOrder) {
  EXPECT_EQ(first_version(">=3.11,<4"), "3.11");
  EXPECT_EQ(first_version("v20."), "20");
  EXPECT_EQ(first_version("lts/*"), "");
  EXPECT_EQ(version_prefix("1.21.3", 2), "1.21");
  EXPECT_EQ(version_prefix("1", 2), "1");
  EXPECT_TRUE(version_less("3.9", "3.10"));
  EXPECT_FALSE(version_less("3.10", "3.9"));
  EXPECT_TRUE(version_less("3", "3.1"));
}

TEST(Shell, Words) {
  EXPECT_EQ(shell_word("a/b.c"), "a/b.c");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("$(x)"), "'$(x)'");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace peelbox::detect
