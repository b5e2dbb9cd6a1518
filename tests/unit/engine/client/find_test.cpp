#include "engine/client/find.hpp"

#include <gtest/gtest.h>

#include "tests/support/variables.hpp"

namespace peelbox::client {
namespace {

TEST(FindDaemon, ANamedAddressIsTheOnlyOne) {
  auto all = candidates("tcp://a:1", test::variables({{"BUILDKIT_HOST", "tcp://b:1"}}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].address, "tcp://a:1");
  all = candidates(std::nullopt, test::variables({{"BUILDKIT_HOST", "tcp://b:1"}, {"XDG_RUNTIME_DIR", "/run/user/1"}}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].source, "BUILDKIT_HOST");
}

TEST(FindDaemon, OtherwiseTheStandaloneSocketsAndThenDocker) {
  const auto all = candidates(std::nullopt, test::variables({{"BUILDKIT_HOST", ""}, {"XDG_RUNTIME_DIR", "/run/user/1"}}));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].address, "unix:///run/buildkit/buildkitd.sock");
  EXPECT_EQ(all[1].address, "unix:///run/user/1/buildkit/buildkitd.sock");
  EXPECT_EQ(all[2].address, "docker://");
}

}  // namespace
}  // namespace peelbox::client
