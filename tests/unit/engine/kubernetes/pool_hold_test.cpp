#include "engine/kubernetes/pool_hold.hpp"

#include <gtest/gtest.h>

#include "tests/support/json_tree.hpp"

namespace peelbox::kubernetes {
namespace {

using std::chrono::seconds;
using test::json_tree;

pool_pod pod(std::string name, hold held, std::string why) {
  pool_pod made;
  made.name = made.uid = std::move(name);
  made.held = held;
  made.why_not = std::move(why);
  return made;
}

TEST(PoolHold, TheNewestEventCounts) {
  const auto refused = newest_event(json_tree(R"([
    {"reason":"SuccessfulCreate","lastTimestamp":"2026-01-01T00:00:00Z"},
    {"reason":"FailedCreate","message":"exceeded quota","lastTimestamp":"2026-01-01T00:00:09Z"},
    {"reason":"Whatever","lastTimestamp":"2026-01-01T00:00:10Z"}])"));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->kind, hold::refused);
  EXPECT_EQ(refused->words, "FailedCreate: exceeded quota");
  const auto made = newest_event(json_tree(R"([
    {"reason":"FailedCreate","message":"exceeded quota","lastTimestamp":"2026-01-01T00:00:09Z"},
    {"reason":"SuccessfulCreate","lastTimestamp":null,"eventTime":"2026-01-01T00:00:10.123456Z"}])"));
  EXPECT_EQ(made->kind, hold::none);
  const auto promised = newest_event(json_tree(R"([
    {"reason":"TriggeredScaleUp","lastTimestamp":null,"series":{"lastObservedTime":"2026-01-01T00:00:01Z"}},
    {"reason":"FailedScheduling","message":"0/3 nodes","metadata":{"creationTimestamp":"2026-01-01T00:00:02Z"}}])"));
  EXPECT_EQ(promised->kind, hold::unschedulable);
  EXPECT_TRUE(promised->brings_node);
  EXPECT_FALSE(newest_event(json_tree(R"([{"reason":"Whatever"}])")));
  EXPECT_FALSE(newest_event(json_tree("{}")));
}

TEST(PoolHold, WhatHoldsASet) {
  pool_set set;
  set.uid = "set";
  EXPECT_EQ(object_in_question(set, {}), "set");
  EXPECT_EQ(hold_of({}, std::nullopt).why, "it has no pods");
  const set_hold quota = hold_of({}, pool_event{hold::refused, false, "FailedCreate: exceeded quota"});
  EXPECT_EQ(quota.kind, hold::refused);
  EXPECT_EQ(quota.why, "FailedCreate: exceeded quota");

  const std::vector<pool_pod> starting{pod("a", hold::none, "it is not ready (Pending)")};
  EXPECT_EQ(object_in_question(set, starting), "a");
  EXPECT_EQ(hold_of(starting, std::nullopt).kind, hold::none);
  const set_hold volume = hold_of(starting, pool_event{hold::volume, false, "FailedMount: timed out"});
  EXPECT_EQ(volume.kind, hold::volume);
  EXPECT_EQ(volume.why, "a: it is not ready (Pending) (FailedMount: timed out)");

  const std::vector<pool_pod> nowhere{pod("a", hold::unschedulable, "Unschedulable")};
  EXPECT_EQ(hold_of(nowhere, pool_event{hold::unschedulable, false, "x"}).kind, hold::unschedulable);
  EXPECT_EQ(hold_of(nowhere, pool_event{hold::unschedulable, true, "x"}).kind, hold::none);
  EXPECT_EQ(hold_of(nowhere, pool_event{hold::unschedulable, true, "x"}).why, "a: Unschedulable (a node is on its way)");

  const std::vector<pool_pod> image{pod("a", hold::image, "ImagePullBackOff")};
  EXPECT_EQ(object_in_question(set, image), "");
  EXPECT_EQ(hold_of(image, std::nullopt).kind, hold::image);
  // Another one is on its way.
  EXPECT_EQ(hold_of({image[0], starting[0]}, std::nullopt).kind, hold::none);
}

TEST(PoolHold, HowLong) {
  const std::chrono::steady_clock::time_point start{};
  hold_clock clock;
  EXPECT_FALSE(clock.too_long(hold::image, true, start));
  EXPECT_FALSE(clock.too_long(hold::image, true, start + seconds(29)));
  EXPECT_FALSE(clock.too_long(hold::none, true, start + seconds(30)));
  EXPECT_FALSE(clock.too_long(hold::image, true, start + seconds(31)));
  EXPECT_TRUE(clock.too_long(hold::image, true, start + seconds(61)));
  EXPECT_TRUE(hold_clock().too_long(hold::broken, false, start));
  EXPECT_FALSE(hold_clock().too_long(hold::none, true, start + std::chrono::hours(9)));
  hold_clock nowhere;
  EXPECT_FALSE(nowhere.too_long(hold::unschedulable, false, start));
  EXPECT_FALSE(nowhere.too_long(hold::unschedulable, false, start + std::chrono::hours(9)));
  EXPECT_TRUE(nowhere.too_long(hold::unschedulable, true, start + std::chrono::hours(9)));
}

}  // namespace
}  // namespace peelbox::kubernetes
