#include "cli/buildctl/reports.hpp"

#include <gtest/gtest.h>

namespace peelbox::cli::buildctl {
namespace {

using namespace std::chrono_literals;

TEST(BuildctlReports, SizesHaveDecimalUnits) {
  EXPECT_EQ(size_text(0), "0B");
  EXPECT_EQ(size_text(999), "999B");
  EXPECT_EQ(size_text(1234), "1.23kB");
  EXPECT_EQ(size_text(1'500'000'000), "1.50GB");
}

client::cache_record record(std::string id, std::int64_t size) {
  client::cache_record one;
  one.id = std::move(id);
  one.size = size;
  one.created = progress::wall_time(1'714'564'800s + 120ms);
  return one;
}

TEST(BuildctlReports, UsageHasALineForEachRecordAndSums) {
  client::cache_record used = record("bbb", 2000);
  used.in_use = true;
  used.is_mutable = true;
  client::cache_record shared = record("ccc", 3000);
  shared.shared = true;
  const std::string wide(71 - 3, ' ');
  const std::string text = usage_text({record("aaa", 5), used, shared}, true);
  EXPECT_EQ(text, "ID\t\t\t\t\t\t\t\t\tRECLAIMABLE\tSIZE\tLAST ACCESSED\n"
                  "aaa" + wide + "\ttrue       \t5B\t\n" +
                  "bbb*" + wide.substr(1) + "\tfalse      \t2.00kB\t\n" +
                  "ccc" + wide + "\ttrue       \t3.00kB*\t\n" +
                  "Shared:\t\t3.00kB\nPrivate:\t2.00kB\nReclaimable:\t3.00kB\nTotal:\t\t5.00kB\n");
  EXPECT_EQ(usage_text({}, false), "ID\tRECLAIMABLE\tSIZE\tLAST ACCESSED\n");
}

TEST(BuildctlReports, JsonHasTheNamesOfTheReference) {
  EXPECT_EQ(record_json(record("a", 5)),
            R"({"id":"a","mutable":false,"inUse":false,"size":5,"createdAt":"2024-05-01T12:00:00.12Z","lastUsedAt":null,"usageCount":0,)"
            R"("parents":null,"description":"","recordType":"","shared":false})");
  EXPECT_EQ(usage_json({}), "[]");
}

TEST(BuildctlReports, WorkersAreListed) {
  client::worker one;
  one.id = "w";
  one.platforms = {"linux/amd64", "linux/386"};
  EXPECT_EQ(workers_text({one}), "ID\tPLATFORMS\nw\tlinux/amd64,linux/386\n");
}

}  // namespace
}  // namespace peelbox::cli::buildctl
