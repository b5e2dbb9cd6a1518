#include "engine/kubernetes/pool_choice.hpp"

#include <gtest/gtest.h>

#include <map>

namespace peelbox::kubernetes {
namespace {

pool_pod pod(std::string name, std::optional<std::int64_t> cpu, bool usable = true) {
  pool_pod made;
  made.name = std::move(name);
  made.usable = usable;
  made.cpu = cpu;
  return made;
}
std::size_t first(std::size_t) { return 0; }
std::size_t last(std::size_t bound) { return bound - 1; }

TEST(PoolChoice, LeastCpuAmongTheUsable) {
  const std::vector<pool_pod> pods{pod("a", 5), pod("b", 1, false), pod("c", 3), pod("d", 3), pod("e", std::nullopt)};
  EXPECT_EQ(choose_least_cpu(pods, first)->name, "c");
  EXPECT_EQ(choose_least_cpu(pods, last)->name, "d");
  EXPECT_EQ(choose_least_cpu({pod("a", std::nullopt), pod("b", std::nullopt)}, last)->name, "b");
  EXPECT_EQ(choose_least_cpu({pod("a", std::nullopt), pod("b", 9)}, first)->name, "b");
  EXPECT_EQ(choose_least_cpu({pod("a", 1, false)}, first), nullptr);
}

TEST(PoolChoice, FewestRunningBuildsOfTheShortlist) {
  std::vector<pool_pod> some = shortlist({pod("a", 5), pod("b", 1, false), pod("c", 3), pod("d", std::nullopt), pod("e", 3)}, 3, last);
  ASSERT_EQ(some.size(), 3u);
  EXPECT_EQ(some[0].name + some[1].name + some[2].name, "eca");
  EXPECT_EQ(choose_least_busy(some)->name, "e");  // nobody was asked
  some[2].builds = 4;
  EXPECT_EQ(choose_least_busy(some)->name, "a");  // not known is not idle
  some[1].builds = 4;
  EXPECT_EQ(choose_least_busy(some)->name, "c");
  some[2].builds = 0;
  EXPECT_EQ(choose_least_busy(some)->name, "a");
  EXPECT_TRUE(shortlist({pod("b", 1, false)}, 2, first).empty());
  EXPECT_EQ(choose_least_busy({}), nullptr);
}

/// The choice when nobody was asked.
std::string sticky(const std::vector<pool_pod>& pods, std::string_view key, const dice& roll = first) {
  const sticky_question asked = ask_for_sticky(pods, key, roll);
  return choose_sticky(asked)->name;
}

TEST(PoolChoice, StickyKeepsItsPodAndSpreadsKeys) {
  std::vector<pool_pod> pods;
  for (int i = 0; i < 10; ++i) pods.push_back(pod("buildkit-amd64-" + std::to_string(i), std::nullopt));
  std::map<std::string, int> counts;
  std::map<int, std::string> before;
  for (int key = 0; key < 1000; ++key) {
    before[key] = sticky(pods, "repo" + std::to_string(key));
    ++counts[before[key]];
  }
  for (const auto& [name, count] : counts) EXPECT_NEAR(count, 100, 40) << name;
  pods.push_back(pod("buildkit-amd64-10", std::nullopt));
  int moved = 0;
  for (int key = 0; key < 1000; ++key) {
    const std::string now = sticky(pods, "repo" + std::to_string(key));
    if (now == before[key]) continue;
    EXPECT_EQ(now, "buildkit-amd64-10");
    ++moved;
  }
  EXPECT_NEAR(moved, 91, 40);
}

TEST(PoolChoice, StickyLeavesABusyPod) {
  std::vector<pool_pod> pods{pod("a", 100'000'000), pod("b", 100'000'000), pod("c", 100'000'000)};
  const std::string usual = sticky(pods, "k");
  for (pool_pod& one : pods)
    if (one.name == usual) one.cpu = 4'000'000'000;
  EXPECT_NE(sticky(pods, "k"), usual);
  EXPECT_EQ(choose_sticky({}), nullptr);
}

TEST(PoolChoice, StickyCountsRunningBuilds) {
  const sticky_question asked = ask_for_sticky({pod("a", std::nullopt), pod("b", std::nullopt), pod("c", std::nullopt), pod("d", 1, false)}, "k", first);
  ASSERT_EQ(asked.pods.size(), 3u);
  EXPECT_EQ(asked.first, 3u);
  const auto with = [&](std::optional<std::size_t> one, std::optional<std::size_t> two, std::optional<std::size_t> three) {
    sticky_question answered = asked;
    answered.pods[0].builds = one;
    answered.pods[1].builds = two;
    answered.pods[2].builds = three;
    return choose_sticky(answered)->name;
  };
  EXPECT_EQ(with(0, 0, 0), asked.pods[0].name);
  EXPECT_EQ(with(1, 0, 0), asked.pods[1].name);
  EXPECT_EQ(with(1, 1, 0), asked.pods[0].name);  // 1.25 * 3 / 3, rounded up: two each
  EXPECT_EQ(with(2, 1, 0), asked.pods[1].name);
  EXPECT_EQ(with(2, 2, 2), asked.pods[0].name);
  EXPECT_EQ(with(std::nullopt, 0, 0), asked.pods[1].name);  // it does not answer
  // What was measured a minute ago does not count against a pod that says that it is idle, but against one that builds.
  sticky_question measured = asked;
  measured.pods[0].cpu = 9'000'000'000;
  for (pool_pod& one : measured.pods) one.builds = 0;
  EXPECT_EQ(choose_sticky(measured)->name, asked.pods[0].name);
  for (pool_pod& one : measured.pods) one.builds = 1;
  EXPECT_EQ(choose_sticky(measured)->name, asked.pods[1].name);
}

TEST(PoolChoice, AKeyThatManyAskForLeavesItsPodsInALargePool) {
  std::vector<pool_pod> pods;
  for (int i = 0; i < 100; ++i) pods.push_back(pod("p" + std::to_string(i), std::nullopt));
  sticky_question asked = ask_for_sticky(pods, "k", last);
  ASSERT_EQ(asked.pods.size(), 8u);
  ASSERT_EQ(asked.first, 4u);
  std::map<std::string, int> names;
  for (const pool_pod& one : asked.pods) EXPECT_EQ(++names[one.name], 1);
  EXPECT_EQ(ask_for_sticky(pods, "k", first).pods[0].name, asked.pods[0].name);
  EXPECT_NE(ask_for_sticky(pods, "k", first).pods[4].name, asked.pods[4].name);
  // Its own pods are all busy, as it made them; the others are not.
  for (std::size_t i = 0; i < 8; ++i) asked.pods[i].builds = i < 4 ? 5 : i < 7 ? 1 : 0;
  EXPECT_EQ(choose_sticky(asked)->name, asked.pods[7].name);
  asked.pods[2].builds = 1;
  EXPECT_EQ(choose_sticky(asked)->name, asked.pods[2].name);
}

}  // namespace
}  // namespace peelbox::kubernetes
