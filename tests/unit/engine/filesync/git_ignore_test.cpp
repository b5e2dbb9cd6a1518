#include "engine/filesync/git_ignore.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "engine/filesync/filter.hpp"
#include "engine/filesync/path_order.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::filesync {
namespace {

bool ignored(const std::string& content, const std::string& path, bool directory = false) {
  const git_ignore_file file(content);
  const auto* rule = file.find(path, directory);
  return rule != nullptr && !rule->negated;
}

TEST(git_ignore, single_rules) {
  struct row {
    const char* content;
    const char* path;
    bool directory;
    bool expected;
  };
  const row table[] = {{"foo", "foo", false, true},
                       {"foo", "a/foo", false, true},
                       {"foo", "xfoo", false, false},
                       {"/foo", "foo", false, true},
                       {"/foo", "a/foo", false, false},
                       {"foo/", "foo", false, false},
                       {"foo/", "foo", true, true},
                       {"foo/", "a/foo", true, true},
                       {"a/foo", "a/foo", false, true},
                       {"a/foo", "b/a/foo", false, false},
                       {"*.o", "x/y.o", false, true},
                       {"*.o", ".o", false, true},
                       {"a/*.o", "a/x.o", false, true},
                       {"a/*.o", "a/b/x.o", false, false},
                       {"**/foo", "foo", false, true},
                       {"**/foo", "a/b/foo", false, true},
                       {"**/foo", "a/xfoo", false, false},
                       {"a/**", "a/b/c", false, true},
                       {"a/**", "a", true, false},
                       {"a/**/b", "a/b", false, true},
                       {"a/**/b", "a/x/y/b", false, true},
                       {"a/**/b", "a/xb", false, false},
                       {"foo**/bar", "foo/bar", false, true},
                       {"foo**bar", "fooxbar", false, true},
                       {"a/b**c", "a/bxc", false, true},
                       {"a/b**c", "a/bx/c", false, false},
                       {"# x", "# x", false, false},
                       {"\\#x", "#x", false, true},
                       {"\\!x", "!x", false, true},
                       {"foo ", "foo", false, true},
                       {"foo\\ ", "foo ", false, true},
                       {"foo\\ ", "foo", false, false},
                       {" foo", " foo", false, true},
                       {"foo\t", "foo", false, false},
                       {"[a-c]x", "bx", false, true},
                       {"[!a-c]x", "bx", false, false},
                       {"[^a-c]x", "dx", false, true},
                       {"[]]", "]", false, true},
                       {"[[:digit:]]x", "7x", false, true},
                       {"[[:nope:]]x", "7x", false, false},
                       {"[a", "[a", false, false},
                       {"a?c", "abc", false, true},
                       {"/a?c", "a/c", false, false},
                       {"x\\", "x\\", false, false},
                       {"foo\r\nbar", "foo", false, true},
                       {"\xEF\xBB\xBF"
                        "foo",
                        "foo", false, true},
                       {"*", ".hidden", false, true},
                       {"/", "a", true, false},
                       {"!", "a", false, false},
                       {"*a*b*", "xaybz", false, true},
                       {"\\*", "*", false, true},
                       {"\\*", "a", false, false},
                       {"a\\bc", "abc", false, true}};
  for (const auto& r : table)
    EXPECT_EQ(ignored(r.content, r.path, r.directory), r.expected) << r.content << " on " << r.path;
}

TEST(git_ignore, the_last_match_decides_and_is_named) {
  const git_ignore_file file("*.log\n\n# keep this\n!keep.log\n/a/keep.log\n");
  EXPECT_TRUE(file.find("keep.log", false)->negated);
  EXPECT_EQ(file.find("keep.log", false)->line, 4U);
  EXPECT_EQ(file.find("a/keep.log", false)->line, 5U);
  EXPECT_EQ(file.find("x.log", false)->text, "*.log");
  EXPECT_EQ(file.find("x", false), nullptr);
}

TEST(git_ignore, hostile_patterns_take_linear_time) {
  std::string evil = "/";
  for (int i = 0; i < 200; ++i) evil += "*a";
  EXPECT_FALSE(ignored(evil + "b", std::string(4000, 'a')));
}

// Random nested ignore files; git itself says which paths are ignored.
TEST(git_ignore, agrees_with_git) {
  ASSERT_EQ(std::system("git --version >/dev/null 2>&1"), 0) << "git is not installed: run scripts/setup.sh";
  std::mt19937 random(7);
  const std::vector<std::string> names{"a", "b", "ab", "a.b", "x", ".h"};
  const std::vector<std::string> parts{"a",   "b",    "ab",   "*",   "?",   "**", "*.b", "x*",
                                       "a.b", "[ab]", "[!a]", "*a*", "\\a", ".*", "a**"};
  for (int round = 0; round < 25; ++round) {
    peelbox::test::temp_dir dir;
    std::map<std::string, std::string> files;
    for (const char* where : {"", "a", "a/b", "x", "ab/a"}) {
      if (random() % 3 == 0) continue;
      std::string content;
      for (std::size_t n = 1 + random() % 6; n > 0; --n) {
        if (random() % 3 == 0) content += '!';
        if (random() % 4 == 0) content += '/';
        for (std::size_t depth = 1 + random() % 3; depth > 0; --depth) {
          content += parts[random() % parts.size()];
          if (depth > 1) content += '/';
        }
        if (random() % 4 == 0) content += '/';
        content += random() % 8 == 0 ? " \n" : "\n";
      }
      files[where] = content;
    }
    std::map<std::string, bool> entries;  // path -> directory
    const auto grow = [&](auto&& self, const std::string& path, int depth) -> void {
      for (const auto& name : names) {
        const std::string child = join_path(path, name);
        const bool directory = depth < 3 && (random() % 2 == 0 || name == "a");
        entries[child] = directory;
        if (directory) {
          std::filesystem::create_directories(dir / child);
          self(self, child, depth + 1);
        } else {
          peelbox::test::write_file(dir / child, "");
        }
      }
    };
    grow(grow, "", 0);
    std::string input;
    for (const auto& [path, directory] : entries) (input += path) += '\0';
    for (const auto& [where, content] : files) {
      if (std::filesystem::is_directory(dir / where))
        peelbox::test::write_file(dir / join_path(where, ".gitignore"), content);
    }
    const std::string in = dir.path() + ".in";
    const std::string out = dir.path() + ".out";
    peelbox::test::write_file(in, input);
    const std::string command = "cd '" + dir.path() +
                                "' && git -c core.excludesFile= init -q . && git -c core.excludesFile= "
                                "check-ignore --no-index -z --stdin <'" +
                                in + "' >'" + out + "'";
    (void)std::system(command.c_str());  // 1 when nothing is ignored
    std::set<std::string> expected;
    const std::string said = peelbox::test::read_file(out);
    for (std::size_t at = 0; at < said.size(); at += std::strlen(said.c_str() + at) + 1)
      expected.insert(said.c_str() + at);
    std::filesystem::remove(in);
    std::filesystem::remove(out);

    std::set<std::string> got;
    const auto walk = [&](auto&& self, const std::string& path, std::shared_ptr<const git_ignore_scope> scope,
                          bool inside) -> void {
      const auto file = files.find(path);
      if (file != files.end() && !inside) {
        scope = git_ignore_scope::inner(scope, path, std::make_shared<const git_ignore_file>(file->second));
      }
      for (const auto& [child, directory] : entries) {
        if (parent_path(child) != path || child == path) continue;
        const bool hit = inside || (scope && scope->decide(child, directory).ignored());
        if (hit) got.insert(child);
        if (directory) self(self, child, scope, hit);
      }
    };
    walk(walk, "", nullptr, false);
    EXPECT_EQ(got, expected) << testing::PrintToString(files);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace peelbox::filesync
