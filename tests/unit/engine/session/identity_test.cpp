#include "engine/session/identity.hpp"

#include <gtest/gtest.h>

#include <set>

#include "engine/session/user_secret.hpp"

namespace peelbox::session {
namespace {

TEST(Identity, RandomIdsAreDistinctAndHaveNoColon) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = random_id();
    EXPECT_EQ(id.size(), 25u);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyz"), std::string::npos);
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(Identity, SharedKeyIsStablePerPathAndMode) {
  const user_secret user = user_secret::temporary("test");
  EXPECT_EQ(shared_key_for(user, "/src/app", "git"), shared_key_for(user, "/src/app", "git"));
  EXPECT_NE(shared_key_for(user, "/src/app", "git"), shared_key_for(user, "/src/app2", "git"));
  EXPECT_NE(shared_key_for(user, "/src/app", "git"), shared_key_for(user, "/src/app", "none"));
  EXPECT_EQ(shared_key_for(user, "/src/app", "git").find(':'), std::string::npos);
  // Two machines of one name have users of their own.
  EXPECT_NE(shared_key_for(user, "/src/app", "git"), shared_key_for(user_secret::temporary("other"), "/src/app", "git"));
}

}  // namespace
}  // namespace peelbox::session
