#include "engine/progress/line_splitter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::progress {
namespace {

using testing::ElementsAre;

std::vector<std::string> lines_of(const std::vector<std::string>& chunks, std::size_t longest) {
  line_splitter splitter;
  std::string text;
  std::vector<std::string> lines;
  const auto keep = [&](std::size_t begin, std::size_t size, wall_time) { lines.push_back(text.substr(begin, size)); };
  for (const std::string& chunk : chunks) splitter.feed(chunk, {}, longest, text, keep);
  splitter.finish(longest, text, keep);
  return lines;
}

TEST(LineSplitter, LinesAcrossChunks) {
  EXPECT_THAT(lines_of({"on", "e\ntwo\nthr", "ee"}, 64), ElementsAre("one", "two", "three"));
}

TEST(LineSplitter, OfAProgressBarTheLastStateIsLeft) {
  EXPECT_THAT(lines_of({"10%\r5", "0%\r100%\r\nnext\r\r"}, 64), ElementsAre("100%", "next"));
}

TEST(LineSplitter, LongLinesAreCutBetweenCharacters) {
  EXPECT_THAT(lines_of({"abcdefghij"}, 4), ElementsAre("abcd", "efgh", "ij"));
  EXPECT_THAT(lines_of({"abc\u00fcd"}, 4), ElementsAre("abc", "\u00fcd"));
}

// The replacement of a character that never became whole does not make a line longer than the longest.
TEST(LineSplitter, AnUnfinishedCharacterAtTheEndOfALongLine) {
  EXPECT_THAT(lines_of({"abcd\xC3"}, 4), ElementsAre("abcd", "\uFFFD"));
}

}  // namespace
}  // namespace peelbox::progress
