#include "cli/bench/workload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "cli/bench/invocation.hpp"
#include "proto/ops.pb.h"

namespace peelbox::cli::bench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

workload make(std::string_view name) {
  result<workload> made = make_workload(name, sizes{});
  EXPECT_TRUE(made.has_value()) << name;
  return *made;
}

/// The operations; the map of metadata has no order.
std::vector<std::string> operations(std::string_view name, std::string_view run) {
  pb::Definition definition;
  EXPECT_TRUE(definition.ParseFromString(definition_of(make(name), run)));
  return {definition.def().begin(), definition.def().end()};
}

TEST(Workload, AllDefaultsAreKnown) {
  std::set<std::string> names;
  for (const std::string& name : default_workloads()) {
    const workload work = make(name);
    EXPECT_EQ(work.name, name);
    EXPECT_FALSE(work.what.empty());
    EXPECT_TRUE(names.insert(name).second);
    pb::Definition definition;
    EXPECT_TRUE(definition.ParseFromString(definition_of(work, "1-0-0"))) << name;
    EXPECT_GT(definition.def_size(), 0) << name;
  }
}

TEST(Workload, NamesThatAreWrong) {
  for (const char* name : {"", "trivia", "parallel-", "parallel-0", "parallel-65", "parallel-4x", "parallel--1"}) {
    const result<workload> made = make_workload(name, sizes{});
    ASSERT_TRUE(made.has_error()) << name;
    EXPECT_EQ(made.error().code, errc::usage);
  }
  EXPECT_THAT(make_workload("trivia", sizes{}).error().text, HasSubstr("did you mean trivial?"));
  EXPECT_THAT(make_workload("parallel-65", sizes{}).error().text, HasSubstr("1 to 64"));
  EXPECT_EQ(make("parallel-64").copies, 64u);
}

TEST(Workload, OnlyFirstTransfersHaveADefinitionOfTheirOwnEachTime) {
  for (const char* name : {"trivial", "unchanged", "changed", "export"}) EXPECT_EQ(operations(name, "1"), operations(name, "2")) << name;
  for (const char* name : {"small-files", "large-file"}) EXPECT_NE(operations(name, "1"), operations(name, "2")) << name;
  EXPECT_NE(operations("parallel-4", "0-0"), operations("parallel-4", "0-1")) << "builds at once have one each";
}

TEST(Invocation, ProgramsByName) {
  EXPECT_EQ(client_named("/usr/bin/buildctl")->speaks, grammar::buildctl);
  EXPECT_EQ(client_named("buildctl-v0.31")->speaks, grammar::buildctl);
  EXPECT_EQ(client_named("/opt/peelbox-old")->speaks, grammar::peelbox);
  EXPECT_EQ(client_named("/usr/bin/docker").error().code, errc::usage);
}

TEST(Invocation, CommandLines) {
  const invocation what{"unix:///x", {"--tlsdir", "t"}, "def", "tree", ""};
  EXPECT_THAT(command_of({"buildctl", grammar::buildctl, "buildctl"}, what).words,
              ElementsAre("buildctl", "--addr", "unix:///x", "--tlsdir", "t", "build", "--progress", "plain", "--local", "context=tree"));
  EXPECT_EQ(command_of({"buildctl", grammar::buildctl, "buildctl"}, what).standard_input, "def");
  EXPECT_THAT(command_of({"peelbox", grammar::peelbox, "peelbox"}, what).words,
              ElementsAre("peelbox", "build", "--progress", "plain", "--addr", "unix:///x", "--tlsdir", "t", "--local", "context=tree", "--llb", "def",
                          "--output", "type=cacheonly"));
}

TEST(Invocation, WhatTheUserBrings) {
  own_input dockerfile;
  dockerfile.dockerfile = "sub/web.Dockerfile";
  EXPECT_THAT(own_command({"buildctl", grammar::buildctl, "buildctl"}, dockerfile, "a", {})->words,
              ElementsAre("buildctl", "--addr", "a", "build", "--progress", "plain", "--local", "context=.", "--frontend", "dockerfile.v0", "--local",
                          "dockerfile=sub", "--opt", "filename=web.Dockerfile"));
  EXPECT_THAT(own_command({"peelbox", grammar::peelbox, "peelbox"}, dockerfile, "a", {})->words,
              ElementsAre("peelbox", "build", "--progress", "plain", "--addr", "a", "--output", "type=cacheonly", "--file", "sub/web.Dockerfile", "."));
  own_input spec;
  spec.spec = "s.json";
  EXPECT_THAT(own_command({"buildctl", grammar::buildctl, "buildctl"}, spec, "a", {}).error().text, HasSubstr("--dump-llb"));
}

}  // namespace
}  // namespace peelbox::cli::bench
