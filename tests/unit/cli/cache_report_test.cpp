#include "cli/cache_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::cli {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

client::cache_record record(std::string id, std::int64_t size) {
  client::cache_record one;
  one.id = std::move(id);
  one.size = size;
  one.type = "regular";
  return one;
}

TEST(CacheReport, TellsWhatIsKeptAndWhatCouldGo) {
  const progress::wall_time now(1000h);
  client::cache_record used = record("a", 1000);
  used.in_use = true;
  used.last_used = now - 5min;
  client::cache_record shared = record("b", 2500);
  shared.shared = true;
  shared.description = "mount \x1b[31mred";
  const auto lines = cache_table({used, shared}, now);
  ASSERT_EQ(lines.size(), 7u);
  EXPECT_THAT(lines[1], HasSubstr("5 minutes ago"));
  EXPECT_THAT(lines[1], HasSubstr("(in use)"));
  EXPECT_EQ(lines[2].find('\x1b'), std::string::npos);
  EXPECT_EQ(lines[3], "shared       2.5 kB");
  EXPECT_EQ(lines[4], "private      1.0 kB");
  EXPECT_EQ(lines[5], "reclaimable  2.5 kB");
  EXPECT_EQ(lines[6], "total        3.5 kB");
}

TEST(CacheReport, IsJsonForPrograms) {
  client::cache_record one = record("a", 5);
  one.parents = {"p"};
  EXPECT_EQ(cache_json(one),
            R"({"id":"a","parents":["p"],"type":"regular","size":5,"mutable":false,"inUse":false,"shared":false,)"
            R"("created":"1970-01-01T00:00:00Z","usageCount":0,"description":""})");
}

TEST(CacheReport, DurationsHaveUnits) {
  EXPECT_EQ(*parse_duration("-", "36h"), 36h);
  EXPECT_EQ(*parse_duration("-", "1h30m"), 90min);
  EXPECT_EQ(*parse_duration("-", "7d"), 7 * 24h);
  EXPECT_EQ(*parse_duration("-", "1.5s"), 1500ms);
  EXPECT_EQ(*parse_duration("-", "0"), 0s);
  for (const char* bad : {"", "5", "h", "1x", "-1h", "1h 30m", "1e30h"})
    EXPECT_THAT(parse_duration("--keep-duration", bad).error().text, HasSubstr("--keep-duration " + std::string(bad))) << bad;
}

TEST(CacheReport, SpacesHaveUnits) {
  EXPECT_EQ(*parse_space("-", "1000"), 1000);
  EXPECT_EQ(*parse_space("-", "10GB"), 10'000'000'000);
  EXPECT_EQ(*parse_space("-", "10 gb"), 10'000'000'000);
  EXPECT_EQ(*parse_space("-", "1.5GiB"), 1'610'612'736);
  EXPECT_EQ(*parse_space("-", "512m"), 512'000'000);
  for (const char* bad : {"", "x", "1q", "1g2", "-1", "99999999t"})
    EXPECT_THAT(parse_space("--max-used-space", bad).error().text, HasSubstr("expected a size such as")) << bad;
}

}  // namespace
}  // namespace peelbox::cli
