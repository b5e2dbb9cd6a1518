#include "engine/llb/local_sources.hpp"

#include <gtest/gtest.h>

#include "proto/ops.pb.h"

namespace peelbox::llb {
namespace {

void add(pb::Definition& definition, const std::string& identifier) {
  pb::Op op;
  op.mutable_source()->set_identifier(identifier);
  *definition.add_def() = op.SerializeAsString();
}

TEST(LocalSources, AreNamedOnceAndSorted) {
  pb::Definition definition;
  EXPECT_TRUE(local_sources(definition).empty());
  for (const char* one :
       {"local://src", "docker-image://local://x", "local://context", "local://src", "git://h/local"})
    add(definition, one);
  *definition.add_def() = "\xff local://broken";
  pb::Op run;
  run.mutable_exec()->mutable_meta()->add_args("echo local://no");
  *definition.add_def() = run.SerializeAsString();
  EXPECT_EQ(local_sources(definition), (std::vector<std::string>{"context", "src"}));
}

}  // namespace
}  // namespace peelbox::llb
