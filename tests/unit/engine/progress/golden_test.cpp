// Whole builds through each renderer.
#include <gtest/gtest.h>

#include "engine/progress/sanitize.hpp"
#include "tests/unit/engine/progress/script.hpp"

namespace peelbox::progress {
namespace {

using test::abridged;
using test::expect_golden;
using test::parse_script;
using test::play;
using test::read_golden;

// One event per line, so that large messages can be abridged.
std::string lines_of_json(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text.compare(i, 3, "},{") == 0) out += "\n";
  }
  return out;
}

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, Plain) {
  const std::string name = GetParam();
  trace picture;
  const auto renderer = make_plain_renderer();
  const std::string out = play(parse_script(read_golden(name + ".events")), *renderer, picture);
  EXPECT_EQ(sanitize(out), out) << "plain output has no control codes";
  expect_golden(name + ".plain", abridged(out, 60));
}

TEST_P(Golden, RawJson) {
  const std::string name = GetParam();
  trace picture;
  const auto renderer = make_rawjson_renderer();
  const std::string out = play(parse_script(read_golden(name + ".events")), *renderer, picture);
  EXPECT_EQ(sanitize(out), out);
  expect_golden(name + ".rawjson", abridged(out.size() < 20'000 ? out : lines_of_json(out), 60));
}

INSTANTIATE_TEST_SUITE_P(Builds, Golden,
                         testing::Values("cached", "failing", "parallel", "pull", "hostile", "skew", "cancelled",
                                         "groups", "restarts", "huge", "parallel200", "unicode"),
                         [](const auto& build) { return std::string(build.param); });

TEST(Logs, OnlyTheUsersCommandsSpeak) {
  trace picture;
  const auto renderer = make_logs_renderer();
  EXPECT_EQ(play(parse_script("@0\nv a|name=[internal] load build definition|started=0\nv b|name=[build 1/2] make|started=0\n"
                              "v c|name=[linux/amd64] generating sbom using docker.io/x|started=0\nv d|name=[packages] apk add make|started=0\n"
                              "v e|name=[api] [build 2/2] go build|started=0\nv f|name=[stage-1 2/3] RUN x|started=0\n"
                              "v g|name=[api] [build] prepare|started=0\n"
                              "l a|0|no1\\n\nl b|0|\\e[31mred\\e[0m\\n\nl c|0|no2\\n\nl d|0|no3\\n\nl e|0|go\\n\n"
                              "l f|0|docker\\n\nl g|0|no4\\n\nL b|0|half\n"),
                 *renderer, picture),
            "red\n[api] go\ndocker\nhalf\n");
}

TEST(Logs, SeveralPlatformsAreToldApart) {
  trace picture;
  const auto renderer = make_logs_renderer();
  EXPECT_EQ(play(parse_script("@0\nv a|name=[linux/arm64 build 1/2] make|started=0\nv b|name=[api] [linux/amd64 build 1/2] make|started=0\n"
                              "v c|name=[linux/arm64 packages] apk add make|started=0\nv d|name=[linux/arm64 build] collect artifacts|started=0\n"
                              "l a|0|arm\\n\nl b|0|amd\\n\nl c|0|no\\n\nl d|0|no\\n\n"),
                 *renderer, picture),
            "[linux/arm64] arm\n[api] [linux/amd64] amd\n");
}

TEST(Quiet, WritesNothing) {
  trace picture;
  const auto renderer = make_quiet_renderer();
  EXPECT_EQ(play(parse_script(read_golden("failing.events")), *renderer, picture), "");
  EXPECT_EQ(picture.find("b")->tail.size(), 10u) << "the picture is there for error texts";
}

}  // namespace
}  // namespace peelbox::progress
