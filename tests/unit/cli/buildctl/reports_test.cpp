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

TEST(BuildctlReports, TheVersionAndThatOfTheFrontendIfItIsKnown) {
  client::daemon_about daemon;
  daemon.version = "v0.32.2";
  daemon.package = "github.com/moby/buildkit";
  daemon.revision = "abc";
  EXPECT_EQ(info_text(daemon), "BuildKit: github.com/moby/buildkit v0.32.2 abc\n");
  EXPECT_EQ(info_json(daemon), R"({"buildkitVersion":{"package":"github.com/moby/buildkit","version":"v0.32.2","revision":"abc"}})");
  daemon.dockerfile = "1.20";
  EXPECT_EQ(info_text(daemon), "BuildKit:   github.com/moby/buildkit v0.32.2 abc\nDockerfile: 1.20\n");
}

TEST(BuildctlReports, OneLineForTheBuildAndOneForEachThingOfIt) {
  client::history_event event;
  event.record.ref = "r\x1b[31m";
  EXPECT_EQ(event_text(event), "event: STARTED ref:r\n");
  event.what = client::history_event::kind::complete;
  event.record.total_steps = 3;
  event.record.cached_steps = 1;
  event.record.logs = client::history_record::blob{"t", "sha256:1", 5};
  event.record.attestations.emplace_back("linux/amd64", client::history_record::blob{"a", "sha256:2", 6});
  EXPECT_EQ(event_text(event), "event: COMPLETE ref:r\n  cache: 1/3\n  logs: media_type:\"t\" digest:\"sha256:1\" size:5\n"
                               "  [linux/amd64] attestation: media_type:\"a\" digest:\"sha256:2\" size:6\n");
}

}  // namespace
}  // namespace peelbox::cli::buildctl
