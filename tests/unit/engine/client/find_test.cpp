#include "engine/client/find.hpp"

#include <gtest/gtest.h>

#include <map>

namespace peelbox::client {
namespace {

environment over(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(FindDaemon, ANamedAddressIsTheOnlyOne) {
  auto all = candidates("tcp://a:1", over({{"BUILDKIT_HOST", "tcp://b:1"}}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].address, "tcp://a:1");
  all = candidates(std::nullopt, over({{"BUILDKIT_HOST", "tcp://b:1"}, {"XDG_RUNTIME_DIR", "/run/user/1"}}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].source, "BUILDKIT_HOST");
}

TEST(FindDaemon, OtherwiseTheStandaloneSocketsAndThenDocker) {
  const auto all = candidates(std::nullopt, over({{"BUILDKIT_HOST", ""}, {"XDG_RUNTIME_DIR", "/run/user/1"}}));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].address, "unix:///run/buildkit/buildkitd.sock");
  EXPECT_EQ(all[1].address, "unix:///run/user/1/buildkit/buildkitd.sock");
  EXPECT_EQ(all[2].address, "docker://");
}

}  // namespace
}  // namespace peelbox::client
