#include "engine/progress/pacing.hpp"

#include <gtest/gtest.h>

namespace peelbox::progress {
namespace {

using namespace std::chrono_literals;

constexpr steady_time start{1000s};

pacing frames() { return pacing({true, 100ms, 150ms}); }
pacing lines() { return pacing({false, 25ms, 150ms}); }

TEST(Pacing, TheFirstFrameWaitsForNothing) {
  EXPECT_TRUE(frames().due(start, false));
  EXPECT_TRUE(lines().due(start, false));
  EXPECT_TRUE(lines().due(start, true)) << "lines are never dropped";
}

TEST(Pacing, NoMoreThanTenFramesASecond) {
  pacing p = frames();
  int drawn = 0;
  for (auto now = start; now < start + 3s; now += 1ms) {
    p.changed();
    if (!p.due(now, false)) continue;
    p.drawn(now);
    ++drawn;
  }
  EXPECT_EQ(drawn, 30);
}

TEST(Pacing, AFrameThatIsNotWrittenIsNotFollowed) {
  pacing p = frames();
  p.drawn(start);
  EXPECT_FALSE(p.due(start + 5s, true));
  EXPECT_TRUE(p.due(start + 5s, false));
}

TEST(Pacing, AChangeIsDrawnWhenItsFrameIsDue) {
  pacing p = frames();
  p.drawn(start);
  EXPECT_EQ(p.wait(start + 10ms), 150ms) << "nothing to show";
  p.changed();
  EXPECT_EQ(p.wait(start + 10ms), 90ms);
  EXPECT_EQ(p.wait(start + 99ms + 900us), 1ms);
  EXPECT_EQ(p.wait(start + 10s), 1ms);
}

TEST(Pacing, WhatComesAfterASilenceIsShownAtOnceAndNothingLaterThanAnInterval) {
  pacing p = lines();
  EXPECT_EQ(p.rest(start), 0ms);
  EXPECT_EQ(p.rest(start + 10ms), 15ms);
  EXPECT_EQ(p.rest(start + 26ms), 24ms) << "the last were shown at 25 ms";
  EXPECT_EQ(p.rest(start + 75ms), 0ms);
  EXPECT_EQ(p.rest(start + 99ms), 1ms);
  EXPECT_EQ(p.rest(start + 200ms), 0ms);
}

}  // namespace
}  // namespace peelbox::progress
