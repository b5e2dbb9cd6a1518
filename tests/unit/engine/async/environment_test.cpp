#include "engine/async/environment.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

namespace peelbox {
namespace {

environment with(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(Environment, AProcessTellsEmptyVariablesFromAbsentOnes) {
  setenv("PEELBOX_TEST_EMPTY", "", 1);
  unsetenv("PEELBOX_TEST_ABSENT");
  const environment own = process_environment();
  EXPECT_EQ(own("PEELBOX_TEST_EMPTY"), "");
  EXPECT_EQ(own("PEELBOX_TEST_ABSENT"), std::nullopt);
}

TEST(Environment, TheFirstProgramInPathThatMayRunIsFound) {
  EXPECT_EQ(find_program(with({{"PATH", "/nowhere:/bin:/usr/bin"}}), "sh"), "/bin/sh");
  EXPECT_EQ(find_program(with({{"PATH", "/etc::/bin"}}), "sh"), "/bin/sh") << "an empty entry is nobody's directory";
  EXPECT_EQ(find_program(with({{"PATH", "/etc"}}), "passwd"), std::nullopt) << "it may not be run";
  EXPECT_EQ(find_program(with({}), "sh"), std::nullopt);
}

TEST(Environment, ANameWithASlashIsTheProgram) {
  EXPECT_EQ(find_program(with({{"PATH", "/bin"}}), "./sh"), "./sh");
}

}  // namespace
}  // namespace peelbox
