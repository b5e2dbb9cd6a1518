#include "engine/async/closest.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace peelbox {
namespace {

const std::vector<std::string> commands{"build", "detect", "context", "info", "history"};

TEST(EditDistance, CountsChanges) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("build", "biuld"), 1u);  // neighbours swapped
  EXPECT_EQ(edit_distance("plain", "PLAIM"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("abcdef", "uvwxyz", 4), 4u);
  EXPECT_EQ(edit_distance(std::string(1000, 'a'), std::string(1000, 'a')), 64u);
}

TEST(Closest, FindsTypingErrors) {
  EXPECT_EQ(closest("biuld", commands), "build");
  EXPECT_EQ(closest("hstory", commands), "history");
  EXPECT_EQ(closest("DETECT", commands), "detect");
  EXPECT_EQ(closest("hist", commands), "history");
}

TEST(Closest, DoesNotGuess) {
  EXPECT_EQ(closest("", commands), std::nullopt);
  EXPECT_EQ(closest("push", commands), std::nullopt);
  EXPECT_EQ(closest("x", commands), std::nullopt);
  EXPECT_EQ(closest("something-long-and-different", commands), std::nullopt);
  EXPECT_EQ(closest("build", {}), std::nullopt);
}

TEST(Closest, AsWords) {
  EXPECT_EQ(did_you_mean("contxt", commands), "; did you mean context?");
  EXPECT_EQ(did_you_mean("qqqq", commands), "");
}

}  // namespace
}  // namespace peelbox
