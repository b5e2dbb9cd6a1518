#include "engine/progress/ci_log.hpp"

#include <gtest/gtest.h>

#include "engine/progress/renderer.hpp"
#include "engine/progress/trace.hpp"

namespace peelbox::progress {
namespace {

constexpr wall_time noon{std::chrono::seconds(1'700'000'000)};

TEST(CiLog, IsChosenByWhatTheServicesSet) {
  EXPECT_EQ(choose_ci_log("true", std::nullopt), ci_log::github);
  EXPECT_EQ(choose_ci_log(std::nullopt, "true"), ci_log::gitlab);
  EXPECT_EQ(choose_ci_log(std::nullopt, std::nullopt), ci_log::none);
  EXPECT_EQ(choose_ci_log("", "false"), ci_log::none);
}

std::string group(ci_log kind, std::string_view title) {
  std::string out;
  open_group(kind, 3, title, noon, out);
  close_group(kind, 3, noon, out);
  return out;
}

TEST(CiLog, Groups) {
  EXPECT_EQ(group(ci_log::none, "a: 100%"), "a: 100%\n");
  EXPECT_EQ(group(ci_log::github, "a: 100%"), "::group::a: 100%25\n::endgroup::\n");
  EXPECT_EQ(group(ci_log::github, "##[error]x"), "::group::## [error]x\n::endgroup::\n");
  EXPECT_EQ(group(ci_log::gitlab, "a"),
            "\x1b[0Ksection_start:1700000000:peelbox_3[collapsed=true]\r\x1b[0Ka\n\x1b[0Ksection_end:1700000000:peelbox_3\r\x1b[0K\n");
}

TEST(CiLog, TextGivesNoCommands) {
  std::string text = "::error::x\n \t::add-mask::y\na ::b\nx ##[group]z ##[a";
  disarm(ci_log::github, text);
  EXPECT_EQ(text, ": :error::x\n \t: :add-mask::y\na ::b\nx ## [group]z ## [a");
  text = "::a ##[b";
  disarm(ci_log::gitlab, text);
  EXPECT_EQ(text, "::a ##[b");
  text = "::a\n::b";
  disarm(ci_log::github, text, 1);
  EXPECT_EQ(text, "::a\n: :b");
}

TEST(CiLog, Remarks) {
  EXPECT_EQ(error_remark(ci_log::github, {"a,b:c.json", 12, "peelbox: x", "one\ntwo 5% ##[x"}),
            "::error file=a%2Cb%3Ac.json,line=12,title=peelbox%3A x::one%0Atwo 5%25 ## [x");
  EXPECT_EQ(error_remark(ci_log::github, {"", 12, "", "x"}), "::error::x");
  EXPECT_EQ(error_remark(ci_log::github, {"f", 0, "", "x"}), "::error file=f::x");
  EXPECT_EQ(error_remark(ci_log::gitlab, {"f", 1, "", "x"}), "");
}

TEST(CiLog, PlacesOfMessages) {
  const auto found = remark_at_place("spec.json:12: runtime.ports[1]: expected an integer");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->file, "spec.json");
  EXPECT_EQ(found->line, 12u);
  EXPECT_EQ(found->message, "runtime.ports[1]: expected an integer");
  for (const char* none : {"", ":1: x", "a", "a: b", "tcp://host:1: refused", "a:0: b", "a:x: b", "a:1", "a:99999999999999999999: b"})
    EXPECT_FALSE(remark_at_place(none)) << none;
}

vertex step_of(const char* digest, const char* name, bool ended, const char* error = "") {
  vertex v;
  v.digest = digest;
  v.name = name;
  v.started = noon;
  if (ended) v.completed = noon + std::chrono::seconds(1);
  v.error = error;
  return v;
}

/// Two steps, one after the other, the second of which fails.
std::string log_for(ci_log kind) {
  plain_options options;
  options.ci = kind;
  const auto plain = make_plain_renderer(options);
  trace picture;
  std::string out;
  const auto apply = [&](batch events) {
    events.local_clock = true;
    picture.apply(events, noon);
    plain->update(events, picture, noon, out);
  };
  batch begun;
  begun.vertices = {step_of("sha256:a", "one", false)};
  begun.logs = {{"sha256:a", 1, "##[error]x\n", noon}};
  apply(begun);
  batch ended;
  ended.vertices = {step_of("sha256:a", "one", true), step_of("sha256:b", "two", true, "it broke")};
  ended.logs = {{"sha256:b", 1, "::error::y\n", noon}};
  apply(ended);
  picture.finish(noon);
  plain->finish(picture, noon, out);
  return out;
}

TEST(CiLog, EachTurnOfAStepIsAGroup) {
  EXPECT_EQ(log_for(ci_log::none),
            "#1 one\n#1 0.000 ##[error]x\n#1 DONE 1.0s\n\n#2 two\n#2 0.000 ::error::y\n#2 ERROR: it broke\n"
            "------\n > two:\n0.000 ::error::y\n------\n");
  EXPECT_EQ(log_for(ci_log::github),
            "::group::#1 one\n#1 0.000 ## [error]x\n#1 DONE 1.0s\n::endgroup::\n::group::#2 two\n#2 0.000 ::error::y\n#2 ERROR: it broke\n"
            "::endgroup::\n------\n > two:\n0.000 ::error::y\n------\n");
}

}  // namespace
}  // namespace peelbox::progress
