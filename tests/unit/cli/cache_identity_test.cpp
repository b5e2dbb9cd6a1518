#include "cli/cache_identity.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace peelbox::cli {
namespace {

namespace fs = std::filesystem;

class CacheIdentity : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "cache-identity-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    top = fs::canonical(name);
    kept = session::user_secret::load((top / "state").string());
  }
  void TearDown() override { fs::remove_all(top); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((top / name).parent_path());
    std::ofstream(top / name) << text;
  }
  void repository(const std::string& git_dir, const std::string& url) const {
    write(git_dir + "/HEAD", "ref: refs/heads/main\n");
    fs::create_directories(top / git_dir / "objects");
    fs::create_directories(top / git_dir / "refs");
    write(git_dir + "/config", "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = " + url + "\n");
  }
  void clone(const std::string& name, const std::string& url) const {
    repository(name + "/.git", url);
    fs::create_directories(top / name / "services/api");
  }
  std::string of(const std::string& dir, const std::string& chosen = "") const {
    return cache_identity(chosen, (top / dir).string(), kept);
  }

  fs::path top;
  session::user_secret kept = session::user_secret::temporary("");
};

TEST_F(CacheIdentity, ClonesShareAndProjectsDoNot) {
  clone("a", "git@github.com:owner/repo.git");
  clone("b", "https://token@github.com/owner/repo");
  clone("c", "https://github.com/owner/other");
  EXPECT_EQ(of("a"), of("b"));
  EXPECT_EQ(of("a/services/api"), of("b/services/api"));
  EXPECT_NE(of("a"), of("c"));
  EXPECT_NE(of("a"), of("a/services/api"));
  EXPECT_NE(of("a/services"), of("a/services/api"));
  EXPECT_EQ(of("a").size(), 12u);
}

TEST_F(CacheIdentity, AnotherMachineWithTheSameCloneShares) {
  clone("a", "git@github.com:owner/repo.git");
  EXPECT_EQ(of("a"), cache_identity("", (top / "a").string(), session::user_secret::temporary("another user")));
}

TEST_F(CacheIdentity, WithoutAnOriginItIsTheDirectory) {
  fs::create_directories(top / "x");
  fs::create_directories(top / "y");
  clone("local", "/srv/git/repo.git");
  EXPECT_NE(of("x"), of("y"));
  EXPECT_NE(of("local"), of("x"));
  EXPECT_EQ(of("x"), of("x"));
  EXPECT_NE(of("x"), cache_identity("", (top / "x").string(), session::user_secret::load((top / "state2").string())));
  // A secret that is not kept must not make each build start with empty caches.
  const auto fresh = [&] { return cache_identity("", (top / "x").string(), session::user_secret::temporary("read-only")); };
  EXPECT_EQ(fresh(), fresh());
}

TEST_F(CacheIdentity, AChosenKeyStandsForEverything) {
  clone("a", "git@github.com:owner/repo.git");
  EXPECT_EQ(of("a", "team"), of("x", "team"));
  EXPECT_NE(of("a", "team"), of("a"));
  EXPECT_NE(of("a", "team"), of("a", "other"));
}

TEST_F(CacheIdentity, WorktreesAndSubmodules) {
  clone("main", "git@github.com:owner/repo.git");
  write("wt/.git", "gitdir: " + (top / "main/.git/worktrees/wt").string() + "\n");
  write("main/.git/worktrees/wt/commondir", "../..\n");
  write("main/.git/worktrees/wt/HEAD", "ref: refs/heads/wt\n");
  EXPECT_EQ(of("wt"), of("main"));
  write("main/lib/.git", "gitdir: ../.git/modules/lib\n");
  repository("main/.git/modules/lib", "https://github.com/owner/lib");
  EXPECT_EQ(checkout_of((top / "main/lib").string()).origin, "github.com/owner/lib");
  fs::create_directories(top / "main/lib/src");
  EXPECT_EQ(checkout_of((top / "main/lib/src").string()).below, "src");
}

TEST_F(CacheIdentity, WhatIsNoRepositoryIsPassedOver) {
  clone("a", "git@github.com:owner/repo.git");
  fs::create_directories(top / "a/empty/.git");
  write("a/odd/.git", "no pointer");
  write("a/gone/.git", "gitdir: /nowhere/at/all\n");
  for (const char* name : {"empty", "odd", "gone"}) {
    const checkout found = checkout_of((top / "a" / name).string());
    EXPECT_EQ(found.origin, "github.com/owner/repo") << name;
    EXPECT_EQ(found.below, name);
  }
}

TEST_F(CacheIdentity, AConfigurationThatCannotBeReadNamesNoOrigin) {
  clone("a", "git@github.com:owner/repo.git");
  clone("a/huge", "git@github.com:owner/huge.git");
  write("a/huge/.git/config", std::string((1 << 20) + 1, '\n'));
  clone("a/pipe", "git@github.com:owner/pipe.git");
  fs::remove(top / "a/pipe/.git/config");
  ASSERT_EQ(mkfifo((top / "a/pipe/.git/config").c_str(), 0600), 0);
  for (const char* name : {"huge", "pipe"}) EXPECT_EQ(checkout_of((top / "a" / name).string()).origin, "") << name;
}

}  // namespace
}  // namespace peelbox::cli
