#include "cli/bench/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/bench/report_page.hpp"
#include "cli/bench/report_text.hpp"

namespace peelbox::cli::bench {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

measured work_of(const std::string& name, std::initializer_list<double> ours, std::initializer_list<double> theirs = {}) {
  measured work;
  work.name = name;
  work.what = "what " + name + " is";
  for (const auto& walls : {ours, theirs}) {
    if (walls.size() == 0) continue;
    std::vector<sample> runs;
    for (const double wall : walls) runs.push_back({wall, wall / 4, 13e6, wall / 2, {}});
    work.runs.push_back(runs);
    work.wire.push_back(wire_count{100, 20, 2});
  }
  return work;
}

report sample_report(std::initializer_list<double> ours, std::initializer_list<double> theirs = {}) {
  report all;
  all.made = "2026-01-02T03:04:05Z";
  all.machine = "2 processors";
  all.pairs = unsigned(ours.size());
  all.sides.push_back({"peelbox", "peelbox 0.4.0", "unix:///run/a.sock", "v0.13.2"});
  if (theirs.size() > 0) all.sides.push_back({"buildctl", "buildctl v0.13.2", "unix:///run/a.sock", "v0.13.2"});
  all.workloads.push_back(work_of("trivial", ours, theirs));
  return all;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

TEST(Report, ComesBackFromItsJson) {
  report all = sample_report({0.04, 0.05, 0.04, 0.04, 0.04, 0.05}, {0.08, 0.09, 0.1, 0.08, 0.08, 0.1});
  all.workloads[0].runs[0][0].each = {0.01, 0.02};
  measured skipped;
  skipped.name = "round-trip";
  skipped.skipped = "no relay";
  all.workloads.push_back(skipped);
  const std::string text = report_json(all);
  const result<report> back = parse_report(text, "r.json");
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(report_json(*back), text);
  EXPECT_EQ(back->workloads[1].skipped, "no relay");
  EXPECT_THAT(text, HasSubstr("\"verdict\":\"less\""));
  EXPECT_THAT(text, HasSubstr("\"p99\""));
}

TEST(Report, WhatIsNoReportIsRefused) {
  for (const char* text : {"", "[]", "{}", "{\"format\":1}", "{\"format\":2,\"workloads\":[]}", "nonsense"}) {
    const result<report> read = parse_report(text, "r.json");
    ASSERT_TRUE(read.has_error()) << text;
    EXPECT_EQ(read.error().code, errc::usage);
    EXPECT_THAT(read.error().text, HasSubstr("r.json"));
  }
  // Foreign values of every kind are taken for nothing.
  EXPECT_TRUE(parse_report(R"({"format":1,"workloads":[1,{"sides":[{"runs":[{"wall":"x"}]}]},{"copies":-5}],"sides":7})", "r").has_value());
}

TEST(Report, TextSaysWhatMayBeConcluded) {
  const report good = sample_report({0.04, 0.05, 0.04, 0.04, 0.04, 0.05}, {0.08, 0.09, 0.1, 0.08, 0.08, 0.1});
  EXPECT_THAT(joined(workload_lines(good, good.workloads[0])), HasSubstr("peelbox is faster"));
  const report few = sample_report({0.04, 0.05, 0.04}, {0.08, 0.09, 0.1});
  EXPECT_THAT(joined(workload_lines(few, few.workloads[0])), HasSubstr("too few runs to tell"));
  const report noisy = sample_report({0.04, 0.15, 0.04, 0.14, 0.04, 0.05}, {0.08, 0.09, 0.1, 0.08, 0.03, 0.02});
  EXPECT_THAT(joined(workload_lines(noisy, noisy.workloads[0])), HasSubstr("differ too much"));
}

TEST(Report, RegressionsAreSeenAndNoiseIsNot) {
  const report before = sample_report({1, 1.1, 1, 1.05, 1, 1.1, 1});
  const report slower = sample_report({2, 2.1, 2, 2.05, 2, 2.1, 2});
  comparison found = compare(slower, before, 0.1);
  ASSERT_EQ(found.changes.size(), 2u);
  EXPECT_TRUE(found.changes[0].regression);
  EXPECT_THAT(joined(comparison_lines(found, 0.1)), HasSubstr("2 of 2 figures became worse by more than 10%"));
  found = compare(before, slower, 0.1);
  EXPECT_TRUE(found.changes[0].improvement);
  EXPECT_FALSE(found.changes[0].regression);
  found = compare(sample_report({1, 3, 1, 2, 1, 3, 1}), before, 0.1);
  EXPECT_FALSE(found.changes[0].regression) << "an interval that reaches down to 1 is none";
  EXPECT_FALSE(compare(slower, before, 1.5).changes[0].regression);
}

TEST(Report, DoubtfulComparisonsSaySo) {
  const report before = sample_report({1, 1, 1});
  report now = sample_report({1, 1, 1});
  now.machine = "64 processors";
  now.sides[0].daemon = "v0.31.0";
  now.workloads[0].what = "another thing";
  now.workloads.push_back(work_of("export", {1, 1, 1}));
  const comparison found = compare(now, before, 0.1);
  EXPECT_TRUE(found.changes.empty());
  const std::string text = joined(comparison_lines(found, 0.1));
  EXPECT_THAT(text, HasSubstr("another machine"));
  EXPECT_THAT(text, HasSubstr("v0.31.0"));
  EXPECT_THAT(text, HasSubstr("another workload"));
  EXPECT_THAT(text, HasSubstr("export is not in the older report"));
}

TEST(Report, ThePageHoldsEverythingAndNoForeignMarkup) {
  report all = sample_report({0.04, 0.05, 0.04, 0.04, 0.04, 0.05}, {0.08, 0.09, 0.1, 0.08, 0.08, 0.1});
  all.sides[1].client = "<script>alert(1)</script>";
  const std::string page = report_page(all, compare(all, all, 0.1), 0.1);
  EXPECT_THAT(page, HasSubstr("<svg"));
  EXPECT_THAT(page, HasSubstr("trivial"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("http")));
}

TEST(Report, TimesForPeople) {
  EXPECT_EQ(seconds_text(0.0000005), "0.5 µs");
  EXPECT_EQ(seconds_text(0.0382), "38.2 ms");
  EXPECT_EQ(seconds_text(1.236), "1.24 s");
  EXPECT_EQ(seconds_text(812), "812 s");
}

}  // namespace
}  // namespace peelbox::cli::bench
