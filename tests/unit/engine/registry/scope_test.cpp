#include "engine/registry/scope.hpp"

#include <gmock/gmock.h>

namespace peelbox::registry {
namespace {

using testing::ElementsAre;

TEST(Scope, ActionsOfOneResourceStandTogether) {
  EXPECT_THAT(merge({push_scope("a")}, {pull_scope("b"), "repository:a:pull,delete"}),
              ElementsAre("repository:a:delete,pull,push", "repository:b:pull"));
}

TEST(Scope, AChallengeHoldsSeveralInOneText) {
  EXPECT_THAT(merge({"repository:a:pull repository:b:push  registry:catalog:*"}, {}),
              ElementsAre("registry:catalog:*", "repository:a:pull", "repository:b:push"));
}

TEST(Scope, ANameMayHaveAPort) {
  EXPECT_THAT(merge({"repository:host:5000/a:pull"}, {"repository:host:5000/a:push"}), ElementsAre("repository:host:5000/a:pull,push"));
}

}  // namespace
}  // namespace peelbox::registry
