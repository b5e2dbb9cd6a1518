#include "engine/detect/task_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::detect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(TaskFiles, RecipesOfMakeWithVariablesAndContinuedLines) {
  const auto tasks = read_makefile_tasks("WEB := web\n.PHONY: all\nall: site binary\nsite:\n\t@cd $(WEB) \\\n\t\t&& npm run build\nbinary: # go\n\t-go build .\n");
  ASSERT_EQ(tasks.size(), 3U);
  EXPECT_THAT(tasks[0].needs, ElementsAre("site", "binary"));
  EXPECT_THAT(tasks[1].lines, ElementsAre("cd web  && npm run build"));
  EXPECT_THAT(tasks[2].lines, ElementsAre("go build ."));
  EXPECT_THAT(tasks[2].needs, IsEmpty());
}

TEST(TaskFiles, RecipesOfJust) {
  const auto tasks = read_justfile("dir := \"ui\"\n\nbuild mode='release': assets\n    cargo build\n\nassets:\n  cp -r {{dir}}/dist static\n");
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[0].name, "build");
  EXPECT_THAT(tasks[0].needs, ElementsAre("assets"));
  EXPECT_THAT(tasks[1].lines, ElementsAre("cp -r ui/dist static"));
}

TEST(TaskFiles, TasksOfTaskfile) {
  const auto tasks = read_taskfile("vars: {DIR: ui}\ntasks:\n  web:\n    dir: '{{.DIR}}'\n    cmds: [npm ci, {task: copy}]\n  copy: [cp -r ui/dist web]\n  all: {deps: [web], cmds: [{cmd: go build}]}\n");
  ASSERT_EQ(tasks.size(), 3U);
  EXPECT_THAT(tasks[0].lines, ElementsAre("cd ui && npm ci"));
  EXPECT_THAT(tasks[0].needs, ElementsAre("copy"));
  EXPECT_THAT(tasks[1].lines, ElementsAre("cp -r ui/dist web"));
  EXPECT_THAT(tasks[2].needs, ElementsAre("web"));
  EXPECT_THAT(tasks[2].lines, ElementsAre("go build"));
}

TEST(TaskFiles, ValuesThatNameThemselvesAndBrokenFilesEnd) {
  EXPECT_EQ(read_makefile_tasks("A = $(A)x\nB = $(B)$(B)\nall:\n\techo $(A) $(B) $(\n").size(), 1U);
  EXPECT_THAT(read_taskfile("tasks: ["), IsEmpty());
  EXPECT_THAT(read_makefile_tasks("\tlost\n:\n=\n"), IsEmpty());
}

TEST(TaskFiles, TasksOfMoon) {
  const auto tasks = read_moon_tasks("tasks:\n  build:\n    command: vite build\n    args: [--outDir, out]\n    deps: ['~:codegen', prepare, '^:build', 'web:build', {target: '~:last'}]\n  codegen:\n    script: a && b\n  noop:\n    command: noop\n");
  ASSERT_EQ(tasks.size(), 3U);
  EXPECT_THAT(tasks[0].lines, ElementsAre("vite build --outDir out"));
  EXPECT_THAT(tasks[0].needs, ElementsAre("codegen", "prepare", "last"));
  EXPECT_THAT(tasks[1].lines, ElementsAre("a && b"));
  EXPECT_THAT(tasks[2].lines, IsEmpty());
  EXPECT_THAT(read_moon_tasks("tasks: ["), IsEmpty());
}

}  // namespace
}  // namespace peelbox::detect
