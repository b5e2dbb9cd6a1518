#include "engine/session/user_secret.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>

namespace peelbox::session {
namespace {

namespace fs = std::filesystem;

class UserSecret : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "user-secret-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    top = name;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::permissions(top, fs::perms::owner_all, ignored);
    fs::remove_all(top, ignored);
  }
  std::string folder() const { return (top / "state/peelbox").string(); }
  std::string file() const { return folder() + "/id"; }
  static std::string mark(const user_secret& user) { return user.derive("test", "text"); }
  static mode_t mode(const std::string& path) {
    struct stat about {};
    EXPECT_EQ(stat(path.c_str(), &about), 0) << path;
    return about.st_mode & 07777;
  }

  fs::path top;
};

TEST_F(UserSecret, MadeOnceForThisUserOnly) {
  const user_secret first = user_secret::load(folder());
  EXPECT_EQ(first.why_not_kept(), "");
  EXPECT_EQ(mode(file()), 0600u);
  EXPECT_EQ(mode(folder()), 0700u);
  EXPECT_EQ(mark(user_secret::load(folder())), mark(first));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder()), fs::directory_iterator()), 1) << "nothing unfinished is left";
  EXPECT_NE(mark(user_secret::load((top / "other").string())), mark(first));
}

TEST_F(UserSecret, ProcessesThatMakeItAtTheSameTimeAgree) {
  constexpr int count = 24;
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  for (int i = 0; i < count; ++i) {
    if (fork() == 0) {
      const std::string line = mark(user_secret::load(folder())) + "\n";
      _exit(write(ends[1], line.data(), line.size()) == static_cast<ssize_t>(line.size()) ? 0 : 1);
    }
  }
  close(ends[1]);
  std::string all;
  std::array<char, 4096> part{};
  for (ssize_t n = 0; (n = read(ends[0], part.data(), part.size())) > 0;) all.append(part.data(), static_cast<std::size_t>(n));
  close(ends[0]);
  for (int i = 0; i < count; ++i) wait(nullptr);
  ASSERT_EQ(all.size(), count * 33u);
  std::set<std::string> marks;
  for (int i = 0; i < count; ++i) marks.insert(all.substr(static_cast<std::size_t>(i) * 33, 32));
  EXPECT_EQ(marks.size(), 1u);
}

TEST_F(UserSecret, DamagedFilesAreReplaced) {
  fs::create_directories(folder());
  for (const std::string& content : {std::string(), std::string("short\n"), std::string(500, 'a'), std::string(64, 'X')}) {
    std::ofstream(file()) << content;
    const user_secret made = user_secret::load(folder());
    EXPECT_EQ(made.why_not_kept(), "") << content;
    EXPECT_EQ(mark(user_secret::load(folder())), mark(made));
  }
}

TEST_F(UserSecret, AModeThatOthersCanReadIsMended) {
  const std::string before = mark(user_secret::load(folder()));
  fs::permissions(file(), static_cast<fs::perms>(0644));
  EXPECT_EQ(mark(user_secret::load(folder())), before);
  EXPECT_EQ(mode(file()), 0600u);
}

TEST_F(UserSecret, WithoutAFileEachProcessIsItsOwn) {
  fs::create_directories(file());  // a directory has its name
  const user_secret one = user_secret::load(folder());
  EXPECT_NE(one.why_not_kept(), "");
  EXPECT_NE(mark(one), mark(user_secret::load(folder())));
  EXPECT_NE(user_secret::load("").why_not_kept(), "");
  EXPECT_NE(user_secret::load("/proc/nowhere/peelbox").why_not_kept(), "");
  std::ofstream(top / "plain") << "x";
  EXPECT_NE(user_secret::load((top / "plain/peelbox").string()).why_not_kept(), "");
}

TEST_F(UserSecret, NothingIsMadeInWhatBelongsToSomebodyElse) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give directories away";
  fs::create_directories(top / "home");
  ASSERT_EQ(chown((top / "home").c_str(), 65534, 65534), 0);
  const user_secret made = user_secret::load((top / "home/.local/state/peelbox").string());
  EXPECT_NE(made.why_not_kept(), "");
  EXPECT_TRUE(fs::is_empty(top / "home"));
}

TEST(StateFolder, FollowsTheXdgSpecification) {
  EXPECT_EQ(state_folder("/s", "/homes/u"), "/s/peelbox");
  EXPECT_EQ(state_folder("relative", "/homes/u"), "/homes/u/.local/state/peelbox");
  EXPECT_EQ(state_folder("", "/homes/u"), "/homes/u/.local/state/peelbox");
  EXPECT_EQ(state_folder(std::nullopt, "/homes/u"), "/homes/u/.local/state/peelbox");
  EXPECT_EQ(state_folder(std::nullopt, std::nullopt), "");
}

TEST(StateFolder, WhatIsDerivedTellsPurposeAndTextApart) {
  const user_secret user = user_secret::temporary("test");
  EXPECT_EQ(user.derive("a", "b").size(), 32u);
  EXPECT_EQ(user.derive("a", "b"), user.derive("a", "b"));
  EXPECT_NE(user.derive("a", "b"), user.derive("a", "c"));
  EXPECT_NE(user.derive("ab", "c"), user.derive("a", "bc"));
}

}  // namespace
}  // namespace peelbox::session
