#include "engine/filesync/ignore_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::filesync {
namespace {

std::vector<std::string> patterns(std::string_view content) {
  std::vector<std::string> all;
  for (const auto& line : read_dockerignore(content, ".dockerignore")) all.push_back(line.pattern);
  return all;
}

TEST(ignore_file, reads_lines_as_docker_does) {
  using testing::ElementsAre;
  EXPECT_THAT(patterns("a\nb\r\n\n  c  \n"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(patterns("\xEF\xBB\xBF"
                       "a"),
              ElementsAre("a"));
  EXPECT_THAT(patterns("# comment\n #no comment\n"), ElementsAre("#no comment"));
  EXPECT_THAT(patterns("/a\n//b//c/\n/\n."), ElementsAre("a", "b/c", "/", "."));
  EXPECT_THAT(patterns("!a\n! b \n!/c\n!"), ElementsAre("!a", "!b", "!c", "!"));
  EXPECT_THAT(patterns("a/../b\n./x"), ElementsAre("b", "x"));
  EXPECT_TRUE(patterns("").empty());
}

TEST(ignore_file, remembers_where_a_pattern_stands) {
  const auto lines = read_dockerignore("#\n\n/a \n", "x.dockerignore");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].line, 3U);
  EXPECT_EQ(lines[0].text, "/a ");
  EXPECT_EQ(lines[0].file, "x.dockerignore");
}

}  // namespace
}  // namespace peelbox::filesync
