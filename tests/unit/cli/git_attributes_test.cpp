#include "cli/git_attributes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/tree_script.hpp"

namespace peelbox::cli {
namespace {

namespace fs = std::filesystem;
using attributes = std::map<std::string, std::string>;
using testing::Contains;
using testing::Key;
using testing::Not;
using testing::Pair;

const std::string commit(40, 'a'), other(40, 'b');

class GitAttributes : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::canonical(dir_.path());
    write(".git/HEAD", "ref: refs/heads/main\n");
    write(".git/refs/heads/main", commit + "\n");
    write(".git/config", "[remote \"origin\"]\n\turl = https://me:secret@example.com/a/b.git\n");
    fs::create_directories(root_ / ".git/objects");
    write("web/Dockerfile", "");
  }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << text;
  }
  attributes get(std::map<std::string, std::string> variables = {}) {
    return git_attributes((root_ / "web").string(), (root_ / "web/Dockerfile").string(), [variables](std::string_view name) {
      const auto found = variables.find(std::string(name));
      return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
  }

  test::temp_dir dir_;
  fs::path root_;
};

TEST_F(GitAttributes, TellWhereTheContextIsFrom) {
  EXPECT_EQ(get(), (attributes{{"vcs:revision", commit}, {"vcs:source", "https://example.com/a/b.git"}, {"vcs:localdir:context", "web"},
                               {"vcs:localdir:dockerfile", "web"}}));
  EXPECT_TRUE(get({{"BUILDX_GIT_INFO", "false"}}).empty());
}

TEST_F(GitAttributes, LabelsAreAskedFor) {
  for (const char* value : {"true", "1", "full"})
    EXPECT_EQ(get({{"BUILDX_GIT_LABELS", value}, {"BUILDX_GIT_INFO", "0"}}),
              (attributes{{"label:org.opencontainers.image.revision", commit}, {"label:org.opencontainers.image.source", "https://example.com/a/b.git"},
                          {"label:com.docker.image.source.entrypoint", "web/Dockerfile"}}));
  EXPECT_THAT(get({{"BUILDX_GIT_LABELS", "false"}}), Not(Contains(Key("label:org.opencontainers.image.revision"))));
}

TEST_F(GitAttributes, TheCommitMayBePackedOrHeadItself) {
  fs::remove(root_ / ".git/refs/heads/main");
  EXPECT_TRUE(get().empty()) << "no commits yet";
  write(".git/packed-refs", "# pack-refs with: peeled\n" + other + " refs/heads/main2\n" + commit + " refs/heads/main\n");
  EXPECT_THAT(get(), Contains(Pair("vcs:revision", commit)));
  write(".git/HEAD", other + "\n");
  EXPECT_THAT(get(), Contains(Pair("vcs:revision", other)));
  write(".git/HEAD", "ref: refs/../../secret\n");
  EXPECT_TRUE(get().empty());
}

TEST_F(GitAttributes, TheBranchsRemoteComesFirst) {
  write(".git/config", "[remote \"origin\"]\n\turl = git@example.com:a.git\n[remote \"fork\"]\n\turl = ssh://git@fork.example/a\n");
  EXPECT_THAT(get(), Contains(Pair("vcs:source", "git@example.com:a.git")));
  std::ofstream(root_ / ".git/config", std::ios::app) << "[branch \"main\"]\n\tremote = fork\n";
  EXPECT_THAT(get(), Contains(Pair("vcs:source", "ssh://fork.example/a")));
  write(".git/config", "");
  EXPECT_THAT(get(), Not(Contains(Key("vcs:source"))));
}

TEST_F(GitAttributes, WithoutARepositoryThereAreNone) {
  fs::remove_all(root_ / ".git");
  EXPECT_TRUE(get().empty());
}

}  // namespace
}  // namespace peelbox::cli
