// Whole builds through each renderer.
#include <gtest/gtest.h>

#include "engine/progress/sanitize.hpp"
#include "tests/unit/engine/progress/script.hpp"

namespace peelbox::progress {
namespace {

using test::expect_golden;
using test::parse_script;
using test::play;
using test::read_golden;

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, Plain) {
  const std::string name = GetParam();
  trace picture;
  const auto renderer = make_plain_renderer();
  const std::string out = play(parse_script(read_golden(name + ".events")), *renderer, picture);
  EXPECT_EQ(sanitize(out), out) << "plain output has no control codes";
  expect_golden(name + ".plain", out);
}

TEST_P(Golden, RawJson) {
  const std::string name = GetParam();
  trace picture;
  const auto renderer = make_rawjson_renderer();
  const std::string out = play(parse_script(read_golden(name + ".events")), *renderer, picture);
  EXPECT_EQ(sanitize(out), out);
  if (name != "huge") expect_golden(name + ".rawjson", out);
}

INSTANTIATE_TEST_SUITE_P(Builds, Golden,
                         testing::Values("cached", "failing", "parallel", "pull", "hostile", "skew", "cancelled",
                                         "groups", "restarts", "huge"),
                         [](const auto& build) { return std::string(build.param); });

TEST(Quiet, WritesNothing) {
  trace picture;
  const auto renderer = make_quiet_renderer();
  EXPECT_EQ(play(parse_script(read_golden("failing.events")), *renderer, picture), "");
  EXPECT_EQ(picture.find("b")->tail.size(), 10u) << "the picture is there for error texts";
}

}  // namespace
}  // namespace peelbox::progress
