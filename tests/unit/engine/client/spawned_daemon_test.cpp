#include "engine/client/spawned_daemon.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "tests/support/variables.hpp"

namespace peelbox::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A directory with programs that nobody starts.
struct programs {
  explicit programs(std::vector<std::string> names) {
    char path[] = "/tmp/peelbox-programs-XXXXXX";
    directory = ::mkdtemp(path);
    for (const std::string& name : names) {
      std::ofstream(directory + "/" + name) << "#!/bin/sh\n";
      ::chmod((directory + "/" + name).c_str(), 0755);
    }
  }
  ~programs() { std::filesystem::remove_all(directory); }
  programs(const programs&) = delete;
  programs& operator=(const programs&) = delete;

  environment env(std::map<std::string, std::string> more = {}) const {
    more.emplace("PATH", "/nonexistent:" + directory);
    more.emplace("HOME", "/h");
    return test::variables(std::move(more));
  }
  std::string directory;
};

TEST(SpawnPlan, RootStartsTheDaemonItself) {
  const programs there({"buildkitd"});
  const auto plan = plan_spawn(there.env(), true, "/run/x");
  ASSERT_TRUE(plan) << plan.error().text;
  EXPECT_THAT(plan->argv, ElementsAre("buildkitd", "--root", "/h/.cache/peelbox/buildkitd", "--addr",
                                      "unix:///run/x/buildkitd.sock"));
  EXPECT_EQ(plan->log_file, "/run/x/buildkitd.log");
}

TEST(SpawnPlan, OthersStartItInAUserNamespace) {
  const programs there({"buildkitd", "rootlesskit"});
  const auto plan = plan_spawn(
      there.env({{"XDG_CACHE_HOME", "/cache"}, {"BUILDKITD_FLAGS", "--debug  --config=/x"}}), false, "/run/x");
  ASSERT_TRUE(plan) << plan.error().text;
  EXPECT_THAT(plan->argv, ElementsAre("rootlesskit", "buildkitd", "--debug", "--config=/x", "--root",
                                      "/cache/peelbox/buildkitd", "--addr", "unix:///run/x/buildkitd.sock"));
}

TEST(SpawnPlan, SaysWhichProgramIsMissing) {
  const programs none({});
  EXPECT_THAT(plan_spawn(none.env(), true, "/run/x").error().text, HasSubstr("no program buildkitd in PATH"));
  const programs daemon({"buildkitd"});
  const auto rootless = plan_spawn(daemon.env(), false, "/run/x");
  EXPECT_EQ(rootless.error().code, errc::not_found);
  EXPECT_THAT(rootless.error().text, HasSubstr("sudo apt install rootlesskit uidmap"));
  EXPECT_THAT(plan_spawn(daemon.env({{"BUILDKITD", "other"}}), true, "/run/x").error().text, HasSubstr("other"));
  EXPECT_EQ(plan_spawn(daemon.env({{"HOME", ""}}), true, "/run/x").error().code, errc::usage);
}

TEST(RootlessAdvice, KnowsTheUsualCauses) {
  EXPECT_THAT(rootless_advice("failed to compute uid/gid map: No subuid ranges found for user 1000 (\"me\")"),
              HasSubstr("--add-subuids"));
  EXPECT_THAT(rootless_advice("newuidmap: exec: \"newuidmap\": executable file not found in $PATH"), HasSubstr("apt install uidmap"));
  EXPECT_THAT(rootless_advice("fork/exec /proc/self/exe: operation not permitted"), HasSubstr("user.max_user_namespaces"));
  EXPECT_EQ(rootless_advice("could not lock the database"), "");
}

}  // namespace
}  // namespace peelbox::client
