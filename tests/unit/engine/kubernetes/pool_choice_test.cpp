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

TEST(PoolChoice, StickyKeepsItsPodAndSpreadsKeys) {
  std::vector<pool_pod> pods;
  for (int i = 0; i < 10; ++i) pods.push_back(pod("buildkit-amd64-" + std::to_string(i), std::nullopt));
  std::map<std::string, int> counts;
  std::map<int, std::string> before;
  for (int key = 0; key < 1000; ++key) {
    before[key] = choose_sticky(pods, "repo" + std::to_string(key))->name;
    ++counts[before[key]];
  }
  for (const auto& [name, count] : counts) EXPECT_NEAR(count, 100, 40) << name;
  pods.push_back(pod("buildkit-amd64-10", std::nullopt));
  int moved = 0;
  for (int key = 0; key < 1000; ++key) {
    const std::string now = choose_sticky(pods, "repo" + std::to_string(key))->name;
    if (now == before[key]) continue;
    EXPECT_EQ(now, "buildkit-amd64-10");
    ++moved;
  }
  EXPECT_NEAR(moved, 91, 40);
}

TEST(PoolChoice, StickyLeavesABusyPod) {
  std::vector<pool_pod> pods{pod("a", 100'000'000), pod("b", 100'000'000), pod("c", 100'000'000)};
  const std::string usual = choose_sticky(pods, "k")->name;
  for (pool_pod& one : pods)
    if (one.name == usual) one.cpu = 4'000'000'000;
  EXPECT_NE(choose_sticky(pods, "k")->name, usual);
  EXPECT_EQ(choose_sticky({}, "k"), nullptr);
}

TEST(PoolChoice, StickyCountsRunningBuilds) {
  std::vector<pool_pod> pods{pod("a", std::nullopt), pod("b", std::nullopt), pod("c", std::nullopt), pod("d", 1, false)};
  const std::vector<pool_pod> order = sticky_order(pods, "k", 9);
  ASSERT_EQ(order.size(), 3u);
  EXPECT_EQ(sticky_order(pods, "k", 2).size(), 2u);
  const auto with = [&](std::optional<std::size_t> first, std::optional<std::size_t> second, std::optional<std::size_t> third) {
    std::vector<pool_pod> asked = order;
    asked[0].builds = first;
    asked[1].builds = second;
    asked[2].builds = third;
    return choose_sticky(asked, "k")->name;
  };
  EXPECT_EQ(with(0, 0, 0), order[0].name);
  EXPECT_EQ(with(1, 0, 0), order[1].name);
  EXPECT_EQ(with(1, 1, 0), order[0].name);  // 1.25 * 3 / 3, rounded up: two each
  EXPECT_EQ(with(2, 1, 0), order[1].name);
  EXPECT_EQ(with(2, 2, 2), order[0].name);
  EXPECT_EQ(with(std::nullopt, 0, 0), order[1].name);  // it does not answer
  // What was measured a minute ago does not count against a pod that says that it is idle, but against one that builds.
  pods = order;
  pods[0].cpu = 9'000'000'000;
  pods[0].builds = pods[1].builds = pods[2].builds = 0;
  EXPECT_EQ(choose_sticky(pods, "k")->name, order[0].name);
  pods[0].builds = pods[1].builds = pods[2].builds = 1;
  EXPECT_EQ(choose_sticky(pods, "k")->name, order[1].name);
}

}  // namespace
}  // namespace peelbox::kubernetes
