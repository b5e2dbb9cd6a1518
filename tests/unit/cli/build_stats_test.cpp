#include "cli/build_stats.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace peelbox::cli {
namespace {

using namespace std::chrono_literals;

build_stats example_stats() {
  build_stats stats;
  stats.succeeded = true;
  stats.took = 1500ms;
  stats.phases = {{"plan", 1500us}, {"solve", 1400ms}};
  stats.cost.user = 20ms;
  stats.cost.peak_memory = 12'000'000;
  stats.cost.context_switches = 7;
  stats.wire.bytes_out = 1000;
  stats.context.files_transferred = 3;
  return stats;
}

TEST(BuildStats, Lines) {
  const std::vector<std::string> lines = stats_lines(example_stats());
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], "phases   plan 1.5 ms, solve 1.40s");
  EXPECT_EQ(lines[1], "cpu      20.0 ms user, 0.0 ms system");
  EXPECT_EQ(lines[2], "memory   12.0 MB at most");
  EXPECT_EQ(lines[3], "wire     1.0 kB sent, 0 B received");
  EXPECT_EQ(lines[4], "calls    7 context switches") << "what the kernel does not tell is left out";
}

TEST(BuildStats, ContextsThatWereLookedAt) {
  build_stats stats = example_stats();
  stats.looks = {{"context", 100'000, 90ms, true}, {"other", 2, 1ms, false}};
  const std::vector<std::string> lines = stats_lines(stats);
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_EQ(lines[4], "looked   100000 files of context in 90.0 ms, not compared");
  EXPECT_EQ(lines[5], "looked   2 files of other in 1.0 ms, compared");
  const auto looks = boost::json::parse(stats_json(stats)).at("context").at("looks").as_array();
  ASSERT_EQ(looks.size(), 2u);
  EXPECT_TRUE(looks[0].at("unchanged").as_bool());
  EXPECT_EQ(looks[1].at("files").to_number<int>(), 2);
}

TEST(BuildStats, Json) {
  const std::string text = stats_json(example_stats());
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const auto parsed = boost::json::parse(text).as_object();
  EXPECT_EQ(parsed.at("phases_ms").at("plan").as_double(), 1.5);
  EXPECT_EQ(parsed.at("context").at("files_sent").to_number<int>(), 3);
  EXPECT_EQ(parsed.at("wire").at("sent_bytes").to_number<int>(), 1000);
  EXPECT_FALSE(parsed.at("calls").as_object().contains("read"));
}

TEST(BuildStats, ThisProcessCostsSomething) {
  const process_cost cost = cost_so_far();
  EXPECT_GT(cost.peak_memory, 1'000'000u);
}

}  // namespace
}  // namespace peelbox::cli
