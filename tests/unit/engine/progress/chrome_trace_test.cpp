// The trace file against the rules of the Trace Event Format: which fields each phase needs, and what ties them together.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "engine/progress/build_record.hpp"
#include "engine/progress/pictures.hpp"
#include "tests/unit/engine/progress/script.hpp"

namespace peelbox::progress {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using thread = std::pair<std::int64_t, std::int64_t>;

// Times are written in thousandths, each rounded for itself.
constexpr double rounding = 0.0015;

build_picture record_of(const std::string& script) {
  trace picture;
  build_record record(test::script_start);
  for (const auto& b : test::parse_script(script)) {
    picture.apply(b.events, test::script_start + b.at);
    record.add(b.events, picture, test::script_start + b.at);
  }
  picture.finish(test::script_start + 60s);
  record.add(batch(), picture, test::script_start + 60s);
  return record.finish(picture, "title \"quoted\" \x01", "", test::script_start + 60s);
}

struct slice {
  double from, to;
};

struct file {
  std::map<thread, std::vector<slice>> slices;
  std::map<std::int64_t, std::pair<double, double>> arrows;  // id -> start, end
  std::size_t arrow_ends = 0;
};

double time_of(const json::object& event, const char* key) {
  const double value = event.at(key).to_number<double>();
  EXPECT_GE(value, 0) << event;
  return value;
}

bool inside(const file& seen, const thread& on, double at) {
  const auto found = seen.slices.find(on);
  if (found == seen.slices.end()) return false;
  for (const slice& s : found->second)
    if (at >= s.from - rounding && at <= s.to + rounding) return true;
  return false;
}

/// Checks every rule; gives what was seen.
file checked(const std::string& text) {
  const json::object all = json::parse(text).as_object();
  const auto unit = all.at("displayTimeUnit").as_string();
  EXPECT_TRUE(unit == "ms" || unit == "ns");
  file seen;
  std::set<std::tuple<std::string, thread>> named;
  std::map<thread, std::int64_t> places;
  for (const json::value& value : all.at("traceEvents").as_array()) {
    const json::object& event = value.as_object();
    const std::string phase(event.at("ph").as_string());
    const thread on{event.at("pid").as_int64(), event.at("tid").as_int64()};
    const std::string name(event.at("name").as_string());
    EXPECT_GT(on.first, 0);
    EXPECT_GT(on.second, 0);
    if (phase == "M" && name.ends_with("_sort_index")) {
      EXPECT_TRUE(name == "process_sort_index" || name == "thread_sort_index") << name;
      places[name == "process_sort_index" ? thread{on.first, 0} : on] = event.at("args").at("sort_index").as_int64();
    } else if (phase == "M") {
      EXPECT_TRUE(name == "process_name" || name == "thread_name") << name;
      EXPECT_FALSE(event.at("args").at("name").as_string().empty());
      EXPECT_TRUE(named.emplace(name, name == "process_name" ? thread{on.first, 0} : on).second) << "named twice: " << event;
    } else if (phase == "X") {
      const double from = time_of(event, "ts");
      seen.slices[on].push_back({from, from + time_of(event, "dur")});
      EXPECT_FALSE(event.at("cat").as_string().empty());
      EXPECT_TRUE(event.at("args").is_object());
    } else if (phase == "s" || phase == "f") {
      auto& arrow = seen.arrows[event.at("id").as_int64()];
      EXPECT_EQ(event.at("cat").as_string(), "input");
      (phase == "s" ? arrow.first : arrow.second) = time_of(event, "ts") + 1;  // 0 stays "none"
      // Without "bp":"e" an arrow would end at the next slice that begins, not at the one it points to.
      if (phase == "f") {
        EXPECT_EQ(event.at("bp").as_string(), "e");
      }
      ++seen.arrow_ends;
    } else {
      ADD_FAILURE() << "unknown phase " << phase;
    }
  }
  for (auto& [on, slices] : seen.slices) {
    EXPECT_TRUE(named.contains({"process_name", {on.first, 0}})) << on.first;
    EXPECT_TRUE(named.contains({"thread_name", on})) << on.first << "/" << on.second;
    EXPECT_EQ(places[on], on.second) << "lanes stand in their order";
    EXPECT_EQ((places[{on.first, 0}]), on.first) << "the steps stand above their parts";
    // Complete events of one thread may nest, but not cross; ours do not even nest.
    std::sort(slices.begin(), slices.end(), [](const slice& a, const slice& b) { return a.from < b.from; });
    for (std::size_t i = 1; i < slices.size(); ++i) {
      EXPECT_GE(slices[i].from, slices[i - 1].to - rounding);
      const bool without_length = slices[i].from == slices[i].to || slices[i - 1].from == slices[i - 1].to;
      EXPECT_FALSE(without_length && slices[i].from <= slices[i - 1].to) << "viewers draw one inside of the other";
    }
  }
  for (const json::value& value : all.at("traceEvents").as_array()) {
    const json::object& event = value.as_object();
    if (event.at("ph").as_string() != "s" && event.at("ph").as_string() != "f") continue;
    const thread on{event.at("pid").as_int64(), event.at("tid").as_int64()};
    EXPECT_TRUE(inside(seen, on, time_of(event, "ts"))) << "an arrow that is tied to no slice: " << event;
  }
  for (const auto& [id, arrow] : seen.arrows) {
    EXPECT_GT(arrow.first, 0) << "arrow " << id << " has no start";
    EXPECT_GE(arrow.second, arrow.first - rounding) << "arrow " << id << " points back or nowhere";
  }
  EXPECT_EQ(seen.arrow_ends, 2 * seen.arrows.size());
  return seen;
}

std::size_t count(const file& seen) {
  std::size_t n = 0;
  for (const auto& [on, slices] : seen.slices) n += slices.size();
  return n;
}

TEST(ChromeTrace, AManySidedBuildKeepsTheRules) {
  const file seen = checked(chrome_trace(record_of(
      "@0\nv a|name=pull \"it\" \\x1b[31m\u00e4\u202e|started=0\nv b|name=B|started=0.1|completed=0.1|cached\n"
      "s a|id=layer one|current=0|total=100|at=0\n"
      "@1\nv a|name=A|started=0|completed=1\ns a|id=layer one|current=100|total=100|started=0|completed=1|at=1\nl b|0|text \\x00 and more\\n\n"
      "@2\nv c|name=C|inputs=a,b|started=1.000000001\n"
      "@3\nv c|name=C|inputs=a,b|started=1.000000001|completed=2.333333333|error=boom\nv d|name=D|inputs=c|started=2.4\n"
      "@4\nv a|name=A|started=3.5|completed=4\nv e|name=|inputs=d|started=3\n")));
  EXPECT_GE(count(seen), 6u);
  EXPECT_GE(seen.arrows.size(), 1u);
}

TEST(ChromeTrace, ManyParallelStepsShareLanesWithoutCrossing) {
  build_picture build;
  build.began = test::script_start;
  build.ended = test::script_start + 60s;
  for (std::uint32_t i = 0; i < 300; ++i) {
    recorded_step s;
    s.name = "step " + std::to_string(i);
    s.state = step_state::done;
    const wall_time from = test::script_start + std::chrono::nanoseconds(i * 7'777'777LL);
    s.runs.push_back({from, from + std::chrono::nanoseconds((i * 31 % 17) * 11'111'111LL)});
    if (i % 3 == 0) s.runs.push_back({from + 40s, std::nullopt});  // it never ended
    if (i >= 20) s.inputs = {i - 20, i - 7};
    build.steps.push_back(std::move(s));
  }
  const file seen = checked(chrome_trace(build));
  EXPECT_EQ(count(seen), 400u);
  EXPECT_GT(seen.arrows.size(), 100u);
}

TEST(ChromeTrace, SlicesWithoutLengthTouchNoOther) {
  build_picture build;
  build.began = test::script_start;
  build.ended = test::script_start + 2s;
  const auto add = [&](duration from, duration to) {
    recorded_step s;
    s.name = "step";
    s.runs.push_back({test::script_start + from, test::script_start + to});
    build.steps.push_back(std::move(s));
  };
  add(0s, 1s);
  add(1s, 1s);  // at the end of one, beside another one of its kind, and at the start of a third
  add(1s, 1s);
  add(1s, 2s);
  const file seen = checked(chrome_trace(build));
  EXPECT_EQ(count(seen), 4u);
  EXPECT_EQ(seen.slices.size(), 3u);  // the first and the last share a lane
}

TEST(ChromeTrace, WhatHappenedBeforeTheBuildHasNoNegativeTime) {
  build_picture build;
  build.began = test::script_start;
  build.ended = test::script_start + 1s;
  recorded_step s;
  s.name = "early";
  s.runs.push_back({test::script_start - 5s, test::script_start - 4s});
  build.steps.push_back(s);
  EXPECT_EQ(count(checked(chrome_trace(build))), 1u);
}

TEST(ChromeTrace, AnEmptyBuildKeepsThemToo) { EXPECT_EQ(count(checked(chrome_trace(record_of("@0\n")))), 0u); }

}  // namespace
}  // namespace peelbox::progress
