#include "cli/display_environment.hpp"

#include <gtest/gtest.h>

#include "tests/support/variables.hpp"

namespace peelbox::cli {
namespace {

using test::variables;

TEST(DisplayEnvironment, AnEmptyNoColorIsNone) {
  progress::display_options options;
  EXPECT_TRUE(use_display_environment(options, variables({{"NO_COLOR", ""}, {"BUILDKIT_COLORS", "run=magenta"}})).empty());
  EXPECT_TRUE(options.color);
  EXPECT_EQ(options.colors.done, "\x1b[35m");
  EXPECT_TRUE(use_display_environment(options, variables({{"NO_COLOR", "1"}, {"BUILDKIT_COLORS", "nonsense"}})).empty());
  EXPECT_FALSE(options.color);
}

TEST(DisplayEnvironment, LogLinesAreANumber) {
  progress::display_options options;
  const unsigned before = options.tty_log_lines;
  for (const char* wrong : {"0", "-1", "many", "3x", "1001", "99999999999"}) {
    EXPECT_EQ(use_display_environment(options, variables({{"BUILDKIT_TTY_LOG_LINES", wrong}})).size(), 1u) << wrong;
    EXPECT_EQ(options.tty_log_lines, before) << wrong;
  }
  EXPECT_TRUE(use_display_environment(options, variables({{"BUILDKIT_TTY_LOG_LINES", ""}})).empty());
  EXPECT_EQ(options.tty_log_lines, before);
  EXPECT_TRUE(use_display_environment(options, variables({{"BUILDKIT_TTY_LOG_LINES", "20"}})).empty());
  EXPECT_EQ(options.tty_log_lines, 20u);
}

TEST(DisplayEnvironment, CiServicesAreRecognised) {
  progress::display_options options;
  EXPECT_TRUE(use_display_environment(options, variables({{"CI", "true"}})).empty());
  EXPECT_EQ(options.ci, progress::ci_log::none);
  EXPECT_TRUE(use_display_environment(options, variables({{"CI", "true"}, {"GITLAB_CI", "true"}})).empty());
  EXPECT_EQ(options.ci, progress::ci_log::gitlab);
  EXPECT_TRUE(use_display_environment(options, variables({{"GITHUB_ACTIONS", "true"}, {"NO_COLOR", "1"}})).empty());
  EXPECT_EQ(options.ci, progress::ci_log::github);
}

}  // namespace
}  // namespace peelbox::cli
