#include "engine/progress/trace.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "tests/unit/engine/progress/script.hpp"

namespace peelbox::progress {
namespace {

using namespace std::chrono_literals;
using test::script_start;

struct picture {
  trace t;
  explicit picture(const std::string& script, trace_limits limits = {}) : t(limits) {
    for (const auto& b : test::parse_script(script)) t.apply(b.events, script_start + b.at);
  }
  const step& at(std::string_view digest) const { return *t.find(digest); }
  std::uint32_t index(std::string_view digest) const {
    for (std::uint32_t i = 0; i < t.steps().size(); ++i) {
      if (&t.steps()[i] == t.find(digest)) return i;
    }
    throw std::runtime_error("no such step");
  }
};

TEST(Trace, StatesFollowTheLastSnapshot) {
  picture p("@0\nv a|name=A\nv b|name=B|started=0\nv c|name=C|started=0|completed=0|cached\nv d|name=D|started=0|completed=1\n"
            "v e|name=E|started=0|completed=1|error=boom\nv f|name=F|started=0|completed=1|error=solve: context canceled\n");
  EXPECT_EQ(p.at("a").state, step_state::announced);
  EXPECT_FALSE(p.at("a").visible);
  EXPECT_EQ(p.at("b").state, step_state::running);
  EXPECT_EQ(p.at("c").state, step_state::cached);
  EXPECT_EQ(p.at("d").state, step_state::done);
  EXPECT_EQ(p.at("e").state, step_state::failed);
  EXPECT_EQ(p.at("e").error, "boom");
  EXPECT_EQ(p.at("f").state, step_state::cancelled);
  EXPECT_EQ(p.t.visible_count(), 5u);
  EXPECT_EQ(p.t.finished_count(), 4u);
  EXPECT_EQ(p.t.cached_count(), 1u);
  EXPECT_EQ(p.t.find("nobody"), nullptr);
}

TEST(Trace, AStepThatRunsAfterAllIsNotCountedAsCached) {
  const std::string cached = "@0\nv a|name=A|started=0|completed=0|cached\nv b|name=B|started=0|completed=0|cached\n";
  EXPECT_EQ(picture(cached).t.cached_count(), 2u);
  EXPECT_EQ(picture(cached + "@1\nv a|name=A|started=1\n").t.cached_count(), 1u);
  EXPECT_EQ(picture(cached + "@1\nv a|name=A|started=1\n@2\nv a|name=A|started=1|completed=2\n").t.cached_count(), 1u);
}

TEST(Trace, ErrorsPassTheReaderAndAreHarmlessAfterIt) {
  trace t({}, [](std::string_view message, std::string_view name) { return std::string(name) + ": " + std::string(message) + "\x1b[31m"; });
  for (const auto& b : test::parse_script("@0\nv e|name=E|started=0|completed=1|error=boom\n")) t.apply(b.events, script_start + b.at);
  EXPECT_EQ(t.find("e")->error, "E: boom");
}

TEST(Trace, WhatRanWithADaemonThatIsGoneIsCancelledAndMayRunAgain) {
  picture p("@0\nv a|name=A|started=0|completed=1\nv b|name=B|started=0\nv c|name=C|started=0\n");
  batch over;
  over.starts_over = true;
  p.t.apply(over, script_start + 5s);
  EXPECT_EQ(p.at("a").state, step_state::done);
  EXPECT_EQ(p.at("b").state, step_state::cancelled);
  EXPECT_EQ(p.at("c").state, step_state::cancelled);
  EXPECT_TRUE(p.t.unfinished().empty());
  EXPECT_EQ(p.t.elapsed(p.index("b"), script_start + 60s), 5s);
  for (const auto& b : test::parse_script("@8\nv b|name=B|started=8|completed=9\n")) p.t.apply(b.events, script_start + b.at);
  EXPECT_EQ(p.at("b").state, step_state::done);
  EXPECT_EQ(p.at("c").state, step_state::cancelled);
}

TEST(Trace, LateDuplicatesChangeNothing) {
  picture p("@0\nv a|name=A|started=0\n@1\nv a|name=A|started=0|completed=1\n@2\nv a|name=A\nv a|name=A|started=0\n");
  EXPECT_EQ(p.at("a").state, step_state::done);
  EXPECT_EQ(p.t.elapsed(0, script_start + 9s), 1s);
  EXPECT_EQ(p.t.finished_count(), 1u);
}

TEST(Trace, IntervalsAreUnitedAndOpenOnesGrow) {
  picture p("@0\nv a|name=A|started=0|completed=2\nv a|name=A|started=1|completed=3\nv a|name=A|started=5\n");
  EXPECT_EQ(p.at("a").state, step_state::running);
  EXPECT_EQ(p.t.elapsed(0, script_start + 6s), 4s);
  EXPECT_EQ(p.t.elapsed(0, script_start + 7s), 5s);
}

TEST(Trace, ManyRestartsStayBoundedAndKeepTheirSum) {
  std::string script = "@0\n";
  for (int i = 0; i < 500; ++i) {
    script += "v a|name=A|started=" + std::to_string(i) + "|completed=" + std::to_string(i) + ".5\n";
  }
  picture p(script);
  EXPECT_EQ(p.t.elapsed(0, script_start + 1000s), 250s);
}

TEST(Trace, AnInputToldAsCachedMayStartAfterAll) {
  picture p("@0\nv a|name=A|started=1|completed=1|cached\n@1\nv a|name=A|started=1\n");
  EXPECT_EQ(p.at("a").state, step_state::running);
}

TEST(Trace, TheFirstStartSetsTheClock) {
  picture p("skew 5000\n@3\nv a|name=A|started=2\nl a|2.5|x\\n\n");
  EXPECT_EQ(*p.at("a").latest_start, script_start + 3s);
  EXPECT_EQ(p.at("a").tail[0].at, 500ms);
  EXPECT_EQ(p.t.elapsed(0, script_start + 4s), 1s);
}

TEST(Trace, AKnownOffsetIsExactAndLocalVerticesNeedNone) {
  trace t;
  batch b;
  b.clock_offset = -10s;
  b.vertices.push_back({"a", {}, "A", false, script_start + 12s, std::nullopt, "", std::nullopt});
  t.apply(b, script_start + 5s);
  batch own;
  own.local_clock = true;
  own.vertices.push_back({"b", {}, "[auth] token", false, script_start + 3s, std::nullopt, "", std::nullopt});
  t.apply(own, script_start + 5s);
  EXPECT_EQ(t.elapsed(0, script_start + 5s), 3s);
  EXPECT_EQ(t.elapsed(1, script_start + 5s), 2s);
}

TEST(Trace, HostileTimesDoNotOverflow) {
  trace t;
  batch b;
  b.clock_offset = duration::min();
  for (const auto time : {wall_time::min(), wall_time::max(), wall_time{}}) {
    for (int i = 0; i < 100; ++i) {
      const std::string digest = "d" + std::to_string(i);
      b.vertices.push_back({digest, {}, "A", false, time + duration(time == wall_time::max() ? -i : i), wall_time::max(), "",
                            progress_group{"g", "G", false}});
      b.logs.push_back({digest, 1, "x\n", wall_time::min()});
    }
  }
  t.apply(b, script_start);
  EXPECT_GE(t.elapsed(0, script_start), duration{0});
}

TEST(Trace, StatusesAreReplacedAndStaleOnesIgnored) {
  picture p("@0\nv a|name=A|started=0\ns a|id=x|current=5|total=10|at=2\ns a|id=x|current=3|total=10|at=1\n"
            "s a|id=y|current=1|at=1\ns nobody|id=z\n");
  ASSERT_EQ(p.at("a").statuses.size(), 2u);
  EXPECT_EQ(p.at("a").statuses[0].current, 5);
  EXPECT_TRUE(p.at("a").has_open_status());
}

TEST(Trace, TransfersJoinTheirStatusInEitherOrder) {
  picture p("@0\nv a|name=A|started=0\nt 1|context|sending|10|2|300\n@1\ns a|id=transferring context:|current=1|at=1\n"
            "v b|name=B|started=0\ns b|id=transferring context:|current=1|at=1\n@2\nt 2|context|done|9|9|900\n"
            "t 1|context|done|10|3|400\n");
  EXPECT_EQ(p.at("a").statuses[0].transfer->bytes_sent, 400u);
  EXPECT_EQ(p.at("b").statuses[0].transfer->bytes_sent, 900u);
}

TEST(Trace, KeepsTheTail) {
  trace_limits limits;
  limits.log_tail = 3;
  picture p("@0\nv a|name=A|started=0\nrepeat 100 l a|0|line %d\\n\n", limits);
  ASSERT_EQ(p.at("a").tail.size(), 3u);
  EXPECT_EQ(p.at("a").tail[0].text, "line 98");
  EXPECT_EQ(p.at("a").tail[2].text, "line 100");
  EXPECT_EQ(p.t.lines().size(), 100u);
}

// A large log of which only the end is wanted: what is skipped must not be missed, wherever the chunks are cut.
TEST(Trace, WithoutEveryLineTheTailIsTheSame) {
  constexpr std::array<std::string_view, 12> parts = {"\n", "\n", "word ", "\r", "\r\n", "\x1b[1m", "\x1b]0;title", "\x1b", "\xC3", "\xBC",
                                                      "0123456789abcdef", "\n[output clipped, log limit 2MiB reached]\n"};
  std::minstd_rand random(7);
  for (int round = 0; round < 300; ++round) {
    trace_limits limits;
    limits.log_tail = random() % 4;
    limits.line_bytes = 24;
    trace_limits skipping = limits;
    skipping.every_line = false;
    trace whole(limits);
    trace quick(skipping);
    const auto both = [&](const batch& events) {
      whole.apply(events, script_start);
      quick.apply(events, script_start);
    };
    batch start;
    start.vertices.resize(1);
    start.vertices[0].digest = start.vertices[0].name = "a";
    start.vertices[0].started = script_start;
    both(start);
    for (int message = 0; message < 6; ++message) {
      batch events;
      log_chunk chunk{"a", static_cast<int>(1 + random() % 2), "", script_start + std::chrono::seconds(message)};
      for (auto n = random() % 40; n > 0; --n) chunk.data += parts[random() % parts.size()];
      events.logs.push_back(chunk);
      both(events);
      ASSERT_EQ(quick.unfinished_line(0), whole.unfinished_line(0));
    }
    start.vertices[0].completed = script_start + 9s;
    both(start);
    const step& expected = whole.steps()[0];
    const step& seen = quick.steps()[0];
    ASSERT_EQ(seen.tail.size(), expected.tail.size());
    for (std::size_t i = 0; i < seen.tail.size(); ++i) {
      EXPECT_EQ(seen.tail[i].text, expected.tail[i].text);
      EXPECT_EQ(seen.tail[i].stream, expected.tail[i].stream);
      EXPECT_EQ(seen.tail[i].at, expected.tail[i].at);
    }
  }
}

TEST(Trace, WithoutEveryLineTheNoticeOfAClippedLogIsSeen) {
  trace_limits limits;
  limits.log_tail = 0;
  limits.every_line = false;
  picture p("@0\nv a|name=A|started=0\nl a|0.1|one\\ntwo\\n[output clipped, log limit 2MiB reached]\\n\n", limits);
  EXPECT_EQ(p.at("a").clipped, "[output clipped, log limit 2MiB reached]");
  EXPECT_EQ(p.t.lines().size(), 1u);
}

TEST(Trace, LinesAreJoinedAcrossChunksAndEndWithTheStep) {
  picture p("@0\nv a|name=A|started=0\nl a|0.1|one \n@1\nl a|0.2|half\n@2\nv a|name=A|started=0|completed=2\n");
  ASSERT_EQ(p.at("a").tail.size(), 1u);
  EXPECT_EQ(p.at("a").tail[0].text, "onehalf") << "the script trims the fields";
  EXPECT_EQ(p.at("a").tail[0].at, 100ms) << "the time at which the line began";
}

TEST(Trace, AnUnfinishedLineObeysCarriageReturnsAtItsEndToo) {
  picture p("@0\nv a|name=A|started=0\nl a|0|50%\\r\\xc3\n@1\nv a|name=A|started=0|completed=1\n");
  ASSERT_EQ(p.at("a").tail.size(), 1u);
  EXPECT_EQ(p.at("a").tail[0].text, "�");
}

TEST(Trace, LongLinesAreSplitBetweenCharacters) {
  trace_limits limits;
  limits.line_bytes = 5;
  picture p("@0\nv a|name=A|started=0\nl a|0|ééééé\\n\n", limits);
  ASSERT_EQ(p.at("a").tail.size(), 3u);
  EXPECT_EQ(p.at("a").tail[0].text, "éé");
  EXPECT_EQ(p.at("a").tail[2].text, "é");
}

TEST(Trace, EverythingIsBounded) {
  trace_limits limits;
  limits.vertices = 5;
  limits.statuses_per_step = 4;
  limits.warnings_per_step = 2;
  picture p("@0\nrepeat 10 v d%d|name=N|started=0\nrepeat 10 s d1|id=s%d|at=0\nrepeat 10 w d1|w%d\n"
            "repeat 100 t %d|context|sending|1|1|1\n",
            limits);
  EXPECT_EQ(p.t.steps().size(), 5u);
  EXPECT_EQ(p.at("d1").statuses.size(), 4u);
  EXPECT_EQ(p.at("d1").warnings.size(), 2u);
  EXPECT_EQ(p.t.find("d7"), nullptr);
}

TEST(Trace, GroupsAreOneStep) {
  picture p("@0\nv a|name=A|group=g:G|weak|started=0|completed=1\n");
  EXPECT_FALSE(p.at("a").visible) << "only a weak member has started";
  p.t.apply(test::parse_script("@0\nv b|name=B|group=g:G|started=2\n")[0].events, script_start);
  EXPECT_TRUE(p.at("b").visible);
  EXPECT_EQ(&p.at("a"), &p.at("b"));
  EXPECT_EQ(p.at("a").name, "G");
  EXPECT_EQ(p.at("a").state, step_state::running);
  p.t.apply(test::parse_script("@0\nv b|name=B|group=g:G|started=2|completed=3|cached\n")[0].events, script_start);
  EXPECT_EQ(p.at("a").state, step_state::done) << "one member was not cached";
  EXPECT_EQ(p.t.elapsed(0, script_start + 9s), 2s);
  EXPECT_EQ(p.t.finished_count(), 1u);
}

TEST(Trace, AGroupWithMembersThatNeverStartEndsAtTheEnd) {
  picture p("@0\nv a|name=A|group=g:G|started=0|completed=1\nv b|name=B|group=g:G\n");
  EXPECT_EQ(p.at("a").state, step_state::running);
  p.t.finish(script_start + 2s);
  EXPECT_EQ(p.at("a").state, step_state::done);
  EXPECT_EQ(p.t.finished_count(), 1u);
}

}  // namespace
}  // namespace peelbox::progress
