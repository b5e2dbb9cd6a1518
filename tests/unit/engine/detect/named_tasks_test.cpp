#include "engine/detect/named_tasks.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::detect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// "make build in web"
std::vector<std::string> shown(const std::vector<named_task>& tasks) {
  std::vector<std::string> out;
  for (const named_task& t : tasks) out.push_back(fmt::format("{} {}{}{} in {}", t.runner, t.project, t.project.empty() ? "" : ":", t.name, t.dir));
  return out;
}

TEST(NamedTasks, CallsOfRunnersInALine) {
  EXPECT_THAT(shown(named_in_line("cd web && make build V=1 -j4", "")), ElementsAre("make build in web"));
  EXPECT_THAT(shown(named_in_line("make -C web build test", "")), ElementsAre("make build in web", "make test in web"));
  EXPECT_THAT(shown(named_in_line("just build; task dist", "a")), ElementsAre("just build in a", "task dist in a"));
  EXPECT_THAT(shown(named_in_line("npx moon run web:build ~:all", "")), ElementsAre("moon web:build in ", "moon all in "));
  EXPECT_THAT(shown(named_in_line("CI=1 pnpm exec nx run api:bundle:production", "")), ElementsAre("nx api:bundle in "));
  EXPECT_THAT(shown(named_in_line("yarn nx build web --skip-nx-cache", "")), ElementsAre("nx web:build in "));
}

TEST(NamedTasks, OtherWordsAreNone) {
  for (const char* line : {"", "echo make build", "make", "make # build", "npm run build", "nx run-many -t build", "nx", "moon", "make -C"})
    EXPECT_THAT(named_in_line(line, ""), IsEmpty()) << line;
}

TEST(NamedTasks, OnlyCodeOfAReadmeCounts) {
  EXPECT_THAT(shown(named_in_readme("Run\nmake build\n\n```sh\n$ make dist\ncd web\njust build\n```\n\n    task all\n", "README.md")),
              ElementsAre("make dist in ", "just build in web", "task all in "));
  EXPECT_THAT(shown(named_in_readme("```\nmake all\n", "web/README.md")), ElementsAre("make all in web"));
}

TEST(NamedTasks, WhatBuildsIsToldByItsName) {
  for (const char* name : {"build", "build-server", "web-build", "dist", "all", "release"}) EXPECT_TRUE(is_build_task(name)) << name;
  for (const char* name : {"test", "docker-build", "build-docs", "build-image", "dev-build", "install", "lint"}) EXPECT_FALSE(is_build_task(name)) << name;
}

}  // namespace
}  // namespace peelbox::detect
