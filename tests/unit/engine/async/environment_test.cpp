#include "engine/async/environment.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/support/variables.hpp"

namespace peelbox {
namespace {

TEST(Environment, AProcessTellsEmptyVariablesFromAbsentOnes) {
  setenv("PEELBOX_TEST_EMPTY", "", 1);
  unsetenv("PEELBOX_TEST_ABSENT");
  const environment own = process_environment();
  EXPECT_EQ(own("PEELBOX_TEST_EMPTY"), "");
  EXPECT_EQ(own("PEELBOX_TEST_ABSENT"), std::nullopt);
}

TEST(Environment, TheFirstProgramInPathThatMayRunIsFound) {
  EXPECT_EQ(find_program(test::variables({{"PATH", "/nowhere:/bin:/usr/bin"}}), "sh"), "/bin/sh");
  EXPECT_EQ(find_program(test::variables({{"PATH", "/etc::/bin"}}), "sh"), "/bin/sh") << "an empty entry is nobody's directory";
  EXPECT_EQ(find_program(test::variables({{"PATH", "/etc"}}), "passwd"), std::nullopt) << "it may not be run";
  EXPECT_EQ(find_program(test::variables({}), "sh"), std::nullopt);
}

TEST(Environment, ANameWithASlashIsTheProgram) {
  EXPECT_EQ(find_program(test::variables({{"PATH", "/bin"}}), "./sh"), "./sh");
}

}  // namespace
}  // namespace peelbox
