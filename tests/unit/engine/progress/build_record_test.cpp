#include "engine/progress/build_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "engine/progress/pictures.hpp"

namespace peelbox::progress {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr wall_time began{std::chrono::seconds(1'000)};

/// A trace and the record that watches it.
struct watched {
  trace picture;
  build_record record;

  explicit watched(record_limits limits = {}) : record(began, limits) {}

  void feed(batch events, wall_time now = began) {
    events.local_clock = true;
    picture.apply(events, now);
    record.add(events, picture, now);
  }
  void run(const std::string& digest, std::vector<std::string> inputs, duration from, duration to, std::string error = "") {
    vertex v;
    v.digest = digest;
    v.name = "step " + digest;
    v.inputs = std::move(inputs);
    v.started = began + from;
    batch first;
    first.vertices.push_back(v);
    feed(first);
    v.completed = began + to;
    v.error = std::move(error);
    batch second;
    second.vertices.push_back(v);
    feed(second);
  }
  void print(const std::string& digest, std::string text) {
    batch b;
    b.logs.push_back({digest, 1, std::move(text), began + 1s});
    feed(b);
  }
  build_picture end(std::string error = "") {
    picture.finish(began + 60s);
    record.add(batch(), picture, began + 60s);
    return record.finish(picture, "title", std::move(error), began + 60s);
  }
};

TEST(BuildRecord, StepsStandByTheirStartsAndKnowTheirInputs) {
  watched w;
  w.run("late", {"early", "unknown"}, 5s, 9s);
  w.run("early", {}, 1s, 4s);
  const build_picture build = w.end();
  ASSERT_EQ(build.steps.size(), 2u);
  EXPECT_EQ(build.steps[0].name, "step early");
  EXPECT_EQ(build.steps[1].runs[0].start, began + 5s);
  EXPECT_EQ(*build.steps[1].runs[0].end, began + 9s);
  EXPECT_THAT(build.steps[1].inputs, ElementsAre(0u));  // although it was told of later
}

TEST(BuildRecord, InputsAreOthersAndOnce) {
  watched w;
  w.run("b", {"a"}, 5s, 9s);
  w.run("a", {}, 1s, 4s);
  w.run("c", {"a", "b", "b", "c"}, 10s, 11s);
  const build_picture build = w.end();
  EXPECT_THAT(build.steps[2].inputs, ElementsAre(0u, 1u));
}

TEST(BuildRecord, AStepThatRunsAgainHasTwoRuns) {
  watched w;
  w.run("a", {}, 1s, 2s);
  w.run("a", {}, 5s, 7s);
  const build_picture build = w.end();
  ASSERT_EQ(build.steps[0].runs.size(), 2u);
  EXPECT_EQ(*build.steps[0].runs[0].end, began + 2s);
  EXPECT_EQ(build.steps[0].runs[1].start, began + 5s);
}

TEST(BuildRecord, AnOpenStepIsCancelledOrRunningUntilTheEnd) {
  watched w;
  vertex v;
  v.digest = "a";
  v.started = began + 1s;
  batch b;
  b.vertices.push_back(v);
  w.feed(b);
  const build_picture build = w.end();
  ASSERT_EQ(build.steps.size(), 1u);
  EXPECT_FALSE(build.steps[0].runs[0].end.has_value());
  EXPECT_EQ(build.ended, began + 60s);
}

TEST(BuildRecord, KeepsTheFirstAndTheLastLines) {
  record_limits limits;
  limits.first_bytes_per_step = 2'000;
  limits.last_bytes_per_step = 2'000;
  watched w(limits);
  w.run("a", {}, 0s, 2s);
  for (int i = 0; i < 1'000; ++i) w.print("a", fmt::format("line {}\n", i));
  const recorded_step step = w.end().steps.at(0);
  EXPECT_EQ(step.log.front().text, "line 0");
  EXPECT_EQ(step.log.back().text, "line 999");
  EXPECT_EQ(step.log.size() + step.dropped_lines, 1'000u);
  EXPECT_GT(step.first_lines, 10u);
  EXPECT_LT(step.first_lines, step.log.size());
  EXPECT_EQ(step.log[step.first_lines - 1].text, fmt::format("line {}", step.first_lines - 1));
  EXPECT_EQ(step.log[step.first_lines].text, fmt::format("line {}", step.first_lines + step.dropped_lines));
}

TEST(BuildRecord, AllLogsTogetherAreBounded) {
  record_limits limits;
  limits.all_bytes = 10'000;
  watched w(limits);
  std::size_t kept = 0;
  for (int s = 0; s < 20; ++s) {
    const std::string digest = fmt::format("step{}", s);
    w.run(digest, {}, 0s, 2s);
    for (int i = 0; i < 50; ++i) w.print(digest, std::string(100, 'x') + "\n");
  }
  for (const recorded_step& step : w.end().steps) {
    for (const recorded_line& line : step.log) kept += line.text.size();
    EXPECT_EQ(step.log.size() + step.dropped_lines, 50u);
  }
  EXPECT_LE(kept, 10'000u);
  EXPECT_GT(kept, 1'000u);
}

TEST(BuildRecord, PhasesOfTheContext) {
  watched w;
  const auto report = [&](context_transfer::phase state, duration at, std::uint64_t bytes) {
    batch b;
    context_transfer t;
    t.name = "context";
    t.state = state;
    t.bytes_sent = bytes;
    t.timestamp = began + at;
    b.transfers.push_back(t);
    w.feed(b);
  };
  report(context_transfer::phase::scanning, 1s, 0);
  report(context_transfer::phase::sending, 2s, 10);
  report(context_transfer::phase::done, 4s, 500);
  const build_picture build = w.end();
  ASSERT_EQ(build.transfers.size(), 1u);
  EXPECT_EQ(build.transfers[0].began, began + 1s);
  EXPECT_EQ(*build.transfers[0].sending_since, began + 2s);
  EXPECT_EQ(build.transfers[0].last.bytes_sent, 500u);
}

TEST(Pictures, NothingOfTheBuildCanEndTheScript) {
  watched w;
  w.run("a", {}, 0s, 2s, "</script><script>alert(1)</script>");
  w.print("a", "</SCRIPT><img src=x> <!-- &amp;\n");
  const std::string page = timeline_html(w.end("</script>"));
  const std::size_t data = page.find("id=\"data\">");
  const std::size_t end = page.find("</script>", data);
  const std::string json = page.substr(data + 10, end - data - 10);
  EXPECT_THAT(json, Not(HasSubstr("<")));
  EXPECT_THAT(json, HasSubstr("\\u003c/SCRIPT\\u003e"));
  EXPECT_EQ(json.front(), '{');
  EXPECT_EQ(json.back(), '}');  // it ends where the page's own element ends
  EXPECT_THAT(page, Not(HasSubstr("{{DATA}}")));
  EXPECT_THAT(page, Not(HasSubstr("alert(1)</script>")));
}

TEST(Pictures, TracesHaveSlicesAndArrows) {
  watched w;
  w.run("a", {}, 0s, 2s);
  w.run("b", {"a"}, 3s, 4s);
  const std::string trace = chrome_trace(w.end());
  EXPECT_THAT(trace, HasSubstr(R"("ph":"X","pid":1,"tid":1,"ts":3000000.000,"dur":1000000.000,"cat":"step","name":"step b")"));
  EXPECT_THAT(trace, HasSubstr(R"("ph":"s","pid":1,"tid":1,"ts":1999999.999)"));
  EXPECT_THAT(trace, HasSubstr(R"("ph":"f","pid":1,"tid":1,"ts":3000000.000,"cat":"input","name":"input","id":1,"bp":"e")"));
}

TEST(Pictures, AnEmptyBuildIsAPageToo) {
  watched w;
  EXPECT_THAT(timeline_html(w.end("no daemon")), HasSubstr("\"steps\":[],\"transfers\":[]"));
  EXPECT_THAT(chrome_trace(w.end()), HasSubstr("traceEvents"));
}

}  // namespace
}  // namespace peelbox::progress
