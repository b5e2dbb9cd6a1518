#include "engine/filesync/git_index.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/filesync/git_config.hpp"
#include "engine/filesync/git_work_tree.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::filesync {
namespace {

using peelbox::test::make_tree;
using peelbox::test::read_file;
using peelbox::test::temp_dir;
using peelbox::test::write_file;
using testing::ElementsAre;
using testing::HasSubstr;

/// Runs git in `dir`, without anybody's configuration; false when it fails.
bool git(const std::string& dir, const std::string& arguments) {
  const std::string command = "cd '" + dir +
                              "' && HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 git -c user.name=n -c user.email=e "
                              "-c protocol.file.allow=always " +
                              arguments + " >/dev/null 2>&1";
  return std::system(command.c_str()) == 0;
}

std::string git_says(const std::string& dir, const std::string& arguments) {
  const std::string out = dir + ".out";
  EXPECT_EQ(std::system(("cd '" + dir + "' && git " + arguments + " >'" + out + "'").c_str()), 0) << arguments;
  const std::string said = read_file(out);
  std::filesystem::remove(out);
  return said;
}

/// As `git ls-files -s` prints it.
std::string described(const git_index& index) {
  std::string all;
  for (const git_index_entry& e : index.entries) {
    char mode[16];
    std::snprintf(mode, sizeof mode, "%06o ", e.mode);
    all += mode;
    for (std::size_t i = 0; i < index.id_size; ++i) {
      char byte[4];
      std::snprintf(byte, sizeof byte, "%02x", std::to_integer<unsigned>(e.id[i]));
      all += byte;
    }
    all += " " + std::to_string(e.stage) + "\t" + std::string(index.path(e)) + "\n";
  }
  return all;
}

git_index index_of(const std::string& dir) {
  const auto tree = work_tree_at(dir);
  EXPECT_TRUE(tree);
  auto index = read_git_index(*tree);
  EXPECT_TRUE(index) << index.error().text;
  EXPECT_TRUE(*index);
  return std::move(**index);
}

TEST(git_index, agrees_with_git_in_every_version) {
  for (const char* version : {"2", "3", "4"}) {
    for (const char* format : {"sha1", "sha256"}) {
      temp_dir dir;
      make_tree(dir.path(), {"b file 1", "a-b file 2", "a/x file 3", "deep/er/and/deeper/y file 4", "deep/er/z file 5",
                             "link symlink a-b", "run/me.sh file 6", "z file 7"});
      write_file(dir / ("long/" + std::string(200, 'n')), "8");
      ASSERT_TRUE(git(dir.path(), std::string("init -q --object-format=") + format));
      ASSERT_TRUE(git(dir.path(), "add ."));
      write_file(dir / "later", "9");
      ASSERT_TRUE(git(dir.path(), "add -N later"));  // needs version 3
      ASSERT_TRUE(git(dir.path(), "update-index --assume-unchanged z"));
      ASSERT_TRUE(git(dir.path(), "update-index --skip-worktree b"));
      ASSERT_TRUE(git(dir.path(), std::string("update-index --index-version ") + version));
      const git_index index = index_of(dir.path());
      EXPECT_EQ(described(index), git_says(dir.path(), "ls-files -s"));
      EXPECT_EQ(index.version, version[0] == '4' ? 4U : 3U);  // 2 cannot say what `add -N` means
      struct stat st;
      ASSERT_EQ(::lstat((dir / "z").c_str(), &st), 0);
      const git_index_entry& z = index.entries.back();
      EXPECT_EQ(z.size, 1U);
      EXPECT_EQ(z.inode, static_cast<std::uint32_t>(st.st_ino));
      EXPECT_EQ(z.mod_seconds, static_cast<std::uint32_t>(st.st_mtim.tv_sec));
      EXPECT_EQ(z.mod_nanoseconds, static_cast<std::uint32_t>(st.st_mtim.tv_nsec));
      EXPECT_EQ(z.change_seconds, static_cast<std::uint32_t>(st.st_ctim.tv_sec));
      EXPECT_EQ(z.uid, st.st_uid);
      EXPECT_TRUE(z.assume_valid);
      const auto with = [&](bool git_index_entry::*flag) {
        std::string paths;
        for (const git_index_entry& e : index.entries)
          if (e.*flag) paths += std::string(index.path(e));
        return paths;
      };
      EXPECT_EQ(with(&git_index_entry::intent_to_add), "later");
      EXPECT_EQ(with(&git_index_entry::skip_worktree), "b");
    }
  }
}

TEST(git_index, a_plain_one_has_version_2) {
  temp_dir dir;
  make_tree(dir.path(), {"a file 1", "b/c file 2"});
  ASSERT_TRUE(git(dir.path(), "init -q") && git(dir.path(), "add ."));
  const git_index index = index_of(dir.path());
  EXPECT_EQ(index.version, 2U);
  EXPECT_EQ(described(index), git_says(dir.path(), "ls-files -s"));
}

TEST(git_index, the_parts_of_a_split_one_are_joined) {
  for (const char* version : {"2", "4"}) {
    temp_dir dir;
    for (int i = 0; i < 200; ++i) write_file(dir / ("d" + std::to_string(i % 9) + "/f" + std::to_string(i)), std::to_string(i));
    ASSERT_TRUE(git(dir.path(), "init -q") && git(dir.path(), "add ."));
    ASSERT_TRUE(git(dir.path(), std::string("update-index --index-version ") + version));
    ASSERT_TRUE(git(dir.path(), "update-index --split-index"));
    ASSERT_TRUE(git(dir.path(), "config splitIndex.maxPercentChange 100"));
    ASSERT_TRUE(git(dir.path(), "rm -q --cached d1/f1 d1/f10 d8/f197"));
    for (int i = 0; i < 200; i += 7) write_file(dir / ("d" + std::to_string(i % 9) + "/f" + std::to_string(i)), "changed");
    write_file(dir / "d0/new", "1");
    write_file(dir / "new", "2");
    ASSERT_TRUE(git(dir.path(), "add d0 d2 d3 d4 d5 d6 d7 new"));
    const auto own = parse_git_index(as_bytes(read_file(dir / ".git/index")), sha1_id);
    ASSERT_TRUE(own) << own.error().text;
    ASSERT_TRUE(own->shared);
    EXPECT_FALSE(own->shared->removed.empty());
    EXPECT_FALSE(own->shared->replaced.empty());
    const git_index index = index_of(dir.path());
    EXPECT_EQ(described(index), git_says(dir.path(), "ls-files -s"));
    const git_tracked tracked(index);
    EXPECT_EQ(tracked.size(), index.entries.size());
    EXPECT_EQ(tracked.ask("new"), git_tracked::answer::file);
    EXPECT_EQ(tracked.ask("d1/f1"), git_tracked::answer::no);
    std::filesystem::remove(dir / (".git/sharedindex." + own->shared->id));
    const auto without = read_git_index(*work_tree_at(dir.path()));
    ASSERT_FALSE(without);
    EXPECT_THAT(without.error().text, HasSubstr("is missing"));
    EXPECT_THAT(without.error().text, HasSubstr("--no-gitignore"));
  }
}

TEST(git_index, a_sparse_one_has_directories) {
  temp_dir dir;
  make_tree(dir.path(), {"in/a file 1", "out/b file 2", "out/deep/c file 3", "top file 4"});
  ASSERT_TRUE(git(dir.path(), "init -q") && git(dir.path(), "add .") && git(dir.path(), "commit -q -m m"));
  ASSERT_TRUE(git(dir.path(), "sparse-checkout init --cone --sparse-index"));
  ASSERT_TRUE(git(dir.path(), "sparse-checkout set in"));
  const git_index index = index_of(dir.path());
  std::vector<std::string> paths;
  for (const git_index_entry& e : index.entries) paths.emplace_back(index.path(e));
  EXPECT_THAT(paths, ElementsAre("in/a", "out/", "top"));
  EXPECT_TRUE(index.entries[1].is_directory());
}

TEST(git_index, answers_about_paths) {
  temp_dir dir;
  temp_dir library;
  make_tree(library.path(), {"lib.c file 1"});
  ASSERT_TRUE(git(library.path(), "init -q") && git(library.path(), "add .") && git(library.path(), "commit -q -m m"));
  make_tree(dir.path(), {"a/b/c file 1", "a.txt file 2", "a/b-c file 3"});
  ASSERT_TRUE(git(dir.path(), "init -q") && git(dir.path(), "add ."));
  ASSERT_TRUE(git(dir.path(), "submodule add -q " + library.path() + " vendor/lib"));
  const git_tracked tracked(index_of(dir.path()));
  using answer = git_tracked::answer;
  EXPECT_EQ(tracked.ask("a"), answer::below);
  EXPECT_EQ(tracked.ask("a/b"), answer::below);
  EXPECT_EQ(tracked.ask("a/b/c"), answer::file);
  EXPECT_EQ(tracked.ask("a/b-c"), answer::file);
  EXPECT_EQ(tracked.ask("a.txt"), answer::file);
  EXPECT_EQ(tracked.ask("vendor"), answer::below);
  EXPECT_EQ(tracked.ask("vendor/lib"), answer::repository);
  for (const char* not_there : {"a/", "a/b/", "A", "a.tx", "a.txt2", "b", "z", "a/b/c/d", "vendor/lib/lib.c", "0"})
    EXPECT_EQ(tracked.ask(not_there), answer::no) << not_there;
}

TEST(git_index, damaged_ones_are_refused_with_a_reason) {
  const auto said = [](const std::string& bytes) {
    const auto index = parse_git_index(as_bytes(bytes), sha1_id);
    return index ? std::string("read") : index.error().text;
  };
  EXPECT_EQ(said(""), "it is not an index of git");
  EXPECT_EQ(said("DIRX\0\0\0\2\0\0\0\0"), "it is not an index of git");
  EXPECT_THAT(said(std::string("DIRC\0\0\0\5\0\0\0\0", 12)), HasSubstr("it has version 5"));
  EXPECT_EQ(said(std::string("DIRC\0\0\0\2\0\0\0\1", 12)), "it ends in the middle");
  EXPECT_EQ(said(std::string("DIRC\0\0\0\2\xFF\xFF\xFF\xFF", 12)), "it ends in the middle");
  const std::string sum(20, 's');
  EXPECT_EQ(said(std::string("DIRC\0\0\0\2\0\0\0\0", 12) + sum), "read");
  EXPECT_EQ(said(std::string("DIRC\0\0\0\2\0\0\0\0TREE\0\0\0\2xx", 22) + sum), "read");
  EXPECT_THAT(said(std::string("DIRC\0\0\0\2\0\0\0\0what\0\0\0\2xx", 22) + sum), HasSubstr("extension 'what'"));
  // A bitmap of a few bytes that claims four thousand million entries.
  const std::string link = std::string(20, 'i') + std::string("\xFF\xFF\xFF\xFF\0\0\0\1", 8) + std::string(8, '\xFF') + std::string(4, '\0');
  EXPECT_EQ(said(std::string("DIRC\0\0\0\2\0\0\0\0link\0\0\0\x28", 20) + link + sum), "it has too many entries");
}

TEST(git_config, values_as_git_reads_them) {
  const std::string text =
      "# comment\n"
      "[core]\r\n"
      "\texcludesFile = ~/a b  ; comment\r\n"
      "\tbare\n"
      "[core \"sub\"] excludesfile = no\n"
      "[User] name = \"a # b\" c\\\n  d\\t\\\"\n"
      "[extensions]objectFormat=sha256\n"
      "[other] broken = \"\n"
      "[core] excludesfile = after\n";
  EXPECT_EQ(git_config_value(text, "core", "excludesfile"), "~/a b");
  EXPECT_EQ(git_config_value(text, "core", "bare"), "true");
  EXPECT_EQ(git_config_value(text, "user", "name"), "a # b c  d\t\"");
  EXPECT_EQ(git_config_value(text, "extensions", "objectformat"), "sha256");
  EXPECT_EQ(git_config_value(text, "core", "missing"), std::nullopt);
  EXPECT_EQ(git_config_value("[core]\nexcludesfile = 1\n[core]\nexcludesfile = 2", "core", "excludesfile"), "2");
  EXPECT_EQ(git_config_value("[", "core", "a"), std::nullopt);
  EXPECT_EQ(git_config_value("[core", "core", "a"), std::nullopt);
}

}  // namespace
}  // namespace peelbox::filesync
