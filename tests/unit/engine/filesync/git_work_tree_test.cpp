#include "engine/filesync/git_work_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>

#include "engine/filesync/context_filter.hpp"
#include "engine/filesync/context_listing.hpp"
#include "engine/filesync/disk_tree.hpp"
#include "engine/filesync/path_order.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::filesync {
namespace {

using peelbox::test::make_tree;
using peelbox::test::read_file;
using peelbox::test::temp_dir;
using peelbox::test::write_file;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// A repository, and a user with a configuration.
struct bed {
  temp_dir dir;
  temp_dir home;

  int git(const std::string& at, const std::string& arguments) const {
    const std::string command = "cd '" + dir / at + "' && HOME='" + home.path() +
                                "' GIT_CONFIG_NOSYSTEM=1 git -c user.name=n -c user.email=e -c protocol.file.allow=always " +
                                arguments + " 2>/dev/null";
    return std::system(command.c_str());
  }
  void must(const std::string& arguments, const std::string& at = "") const {
    ASSERT_EQ(git(at, arguments + " >/dev/null"), 0) << arguments;
  }
  context_source source(const std::string& at = "") const {
    context_source made;
    made.root = at.empty() ? dir.path() : dir / at;
    made.home = home.path();
    made.gitignore = true;
    made.dockerignore = ".dockerignore";
    made.exclude = {"**/.git"};
    return made;
  }
  /// Files and links that are sent.
  std::set<std::string> sent(const std::string& at = "") const {
    std::set<std::string> paths;
    const auto listed = list_context(source(at), {}, {}, [&](const listed_entry& entry) {
      if (entry.sent && entry.kind != entry_kind::directory) paths.insert(entry.path);
      return true;
    });
    EXPECT_TRUE(listed) << listed.error().text;
    return paths;
  }
  std::string failure_of(const std::string& at = "") const {
    const auto listed = list_context(source(at), {}, {}, [](const listed_entry&) { return true; });
    return listed ? std::string() : listed.error().text;
  }
  /// What git tracks or would add.
  std::set<std::string> wanted_by_git(const std::string& at = "") const {
    const std::string out = home / "out";
    EXPECT_EQ(git(at, "ls-files -z -c -o --exclude-standard >'" + out + "'"), 0);
    const std::string said = read_file(out);
    std::set<std::string> paths;
    struct stat st;
    for (std::size_t i = 0; i < said.size(); i += std::strlen(said.c_str() + i) + 1) {
      const std::string path = said.c_str() + i;
      if (::lstat(((at.empty() ? dir.path() : dir / at) + "/" + path).c_str(), &st) == 0) paths.insert(path);
    }
    return paths;
  }
};

TEST(git_work_tree, tracked_files_are_sent_whatever_the_rules_say) {
  bed b;
  make_tree(b.dir.path(), {"build/out.o file 1", "build/keep/config file 2", "build/keep/other file 3", "a.log file 4",
                           "b.log file 5", "src/main.c file 6"});
  write_file(b.dir / ".gitignore", "build/\n*.log\n");
  b.must("init -q");
  b.must("add .gitignore src");
  b.must("add -f build/keep/config a.log");
  EXPECT_THAT(b.sent(), ElementsAre(".gitignore", "a.log", "build/keep/config", "src/main.c"));
  EXPECT_EQ(b.sent(), b.wanted_by_git());
  const auto why = [&](const std::string& path) {
    const auto d = explain_path(b.source(), {}, path);
    return (d->sent ? "sent: " : "left out: ") + d->rule.describe();
  };
  EXPECT_EQ(why("a.log"), "sent: git tracks it, whatever .gitignore line 2 says: *.log");
  EXPECT_EQ(why("b.log"), "left out: .gitignore line 2: *.log");
  EXPECT_EQ(why("build/keep/config"), "sent: git tracks it");
  EXPECT_EQ(why("build/keep/other"), "left out: git ignores its directory and does not track it");
  EXPECT_EQ(why("build/out.o"), "left out: git ignores its directory and does not track it");
  // .dockerignore is no rule of git.
  write_file(b.dir / ".dockerignore", "*.log\n");
  EXPECT_THAT(b.sent(), Not(testing::Contains("a.log")));
}

TEST(git_work_tree, exclude_file_of_the_repository_and_of_the_user) {
  bed b;
  make_tree(b.dir.path(), {"a.tmp file 1", "b.bak file 2", "c.own file 3", "d.c file 4", "keep.bak file 5"});
  b.must("init -q");
  write_file(b.dir / ".git/info/exclude", "*.tmp\n!keep.bak\n");
  write_file(b.home / ".config/git/ignore", "*.bak\n");
  EXPECT_THAT(b.sent(), ElementsAre("c.own", "d.c", "keep.bak"));
  EXPECT_EQ(b.sent(), b.wanted_by_git());
  EXPECT_EQ(explain_path(b.source(), {}, "a.tmp")->why, ".git/info/exclude line 1: *.tmp");
  EXPECT_EQ(explain_path(b.source(), {}, "b.bak")->why, b.home / ".config/git/ignore line 1: *.bak");
  write_file(b.home / ".gitconfig", "[core]\n\texcludesFile = ~/mine\n");
  write_file(b.home / "mine", "*.own\n");
  EXPECT_THAT(b.sent(), ElementsAre("b.bak", "d.c", "keep.bak"));
  EXPECT_EQ(b.sent(), b.wanted_by_git());
  b.must("config core.excludesFile '" + b.home / "other" + "'");
  write_file(b.home / "other", "d.*\n");
  EXPECT_THAT(b.sent(), ElementsAre("b.bak", "c.own", "keep.bak"));
  EXPECT_EQ(b.sent(), b.wanted_by_git());
}

TEST(git_work_tree, a_context_below_the_root_inherits_from_above) {
  bed b;
  make_tree(b.dir.path(), {"services/a/node_modules/x file 1", "services/a/.env file 2", "services/a/main.js file 3",
                           "services/a/dist/kept file 4", "services/a/dist/other file 5", "services/b/main.js file 6"});
  write_file(b.dir / ".gitignore", "node_modules\n/services/*/.env\n");
  write_file(b.dir / "services/.gitignore", "/a/dist\n");
  b.must("init -q");
  b.must("add -f services/a/dist/kept");
  EXPECT_THAT(b.sent("services/a"), ElementsAre("dist/kept", "main.js"));
  EXPECT_EQ(b.sent("services/a"), b.wanted_by_git("services/a"));
  EXPECT_EQ(explain_path(b.source("services/a"), {}, ".env")->why, "../../.gitignore line 2: /services/*/.env");
  EXPECT_EQ(explain_path(b.source("services/a"), {}, "dist/other")->rule.from, deciding_rule::kind::gitignore);
  // Through a link, and with dots.
  std::filesystem::create_symlink(b.dir / "services/a", b.home / "link");
  auto source = b.source();
  source.root = b.home / "link/.";
  EXPECT_FALSE(explain_path(source, {}, ".env")->sent);
}

TEST(git_work_tree, whoever_names_an_ignored_directory_wants_what_is_in_it) {
  bed b;
  make_tree(b.dir.path(), {"out/app file 1", "out/deep/x.log file 2", "out/y file 3"});
  write_file(b.dir / ".gitignore", "*.log\n/out/\n");
  write_file(b.dir / "out/.gitignore", "y\n");
  b.must("init -q");
  EXPECT_THAT(b.sent("out"), ElementsAre(".gitignore", "app", "deep/x.log"));
  EXPECT_THAT(b.sent("out/deep"), ElementsAre("x.log"));
  // A home directory whose files are kept in git.
  write_file(b.dir / ".gitignore", "*\n");
  EXPECT_THAT(b.sent("out"), ElementsAre(".gitignore", "app", "deep/x.log"));
}

TEST(git_work_tree, repositories_inside) {
  bed b;
  bed l;  // the library's own
  make_tree(l.dir.path(), {"lib.c file 1", "gen/tables.c file 2", "x.secret file 3"});
  write_file(l.dir / ".gitignore", "gen\n*.o\n");
  l.must("init -q");
  l.must("add -f lib.c gen/tables.c .gitignore x.secret");
  l.must("commit -q -m m");
  make_tree(b.dir.path(), {"main.c file 1"});
  write_file(b.dir / ".gitignore", "/vendor/\n*.secret\n");
  b.must("init -q");
  b.must("submodule add -q -f " + l.dir.path() + " vendor/lib");
  make_tree(b.dir.path(), {"vendor/other file 4", "vendor/lib/a.o file 5", "vendor/lib/gen/more file 6", "vendor/lib/new file 7",
                           "vendor/lib/own.secret file 8", "vendor/lib/local file 9"});
  ASSERT_TRUE(std::filesystem::is_regular_file(b.dir / "vendor/lib/.git"));
  write_file(b.dir / ".git/modules/vendor/lib/info/exclude", "local\n");
  // What the submodule tracks counts, and the rules on both sides for the rest: a secret stays here.
  EXPECT_THAT(b.sent(), ElementsAre(".gitignore", ".gitmodules", "main.c", "vendor/lib/.gitignore",
                                    "vendor/lib/gen/tables.c", "vendor/lib/lib.c", "vendor/lib/new", "vendor/lib/x.secret"));
  EXPECT_EQ(explain_path(b.source(), {}, "vendor/lib/local")->why, "vendor/lib/.git/info/exclude line 1: local");
  EXPECT_FALSE(explain_path(b.source(), {}, "vendor/lib/.git")->sent);
  // The submodule as the context.
  EXPECT_EQ(b.sent("vendor/lib"), b.wanted_by_git("vendor/lib"));
  // A clone that is no submodule; its .git is a directory.
  b.must("clone -q " + l.dir.path() + " clone");
  EXPECT_THAT(b.sent(), testing::Contains("clone/gen/tables.c"));
  for (const std::string& path : b.sent()) EXPECT_THAT(path, Not(HasSubstr(".git/")));
  // A work tree made by `git worktree`: index and exclude file are in different places.
  l.must("worktree add -q '" + b.home / "tree" + "'");
  write_file(l.dir / ".git/info/exclude", "never\n");
  make_tree(b.home.path(), {"tree/never file 1", "tree/gen/new file 2", "tree/yes file 3"});
  auto source = b.source();
  source.root = b.home / "tree";
  EXPECT_TRUE(explain_path(source, {}, "gen/tables.c")->sent);
  EXPECT_TRUE(explain_path(source, {}, "yes")->sent);
  EXPECT_FALSE(explain_path(source, {}, "gen/new")->sent);
  EXPECT_FALSE(explain_path(source, {}, "never")->sent);
}

TEST(git_work_tree, what_is_no_repository_does_not_count) {
  bed b;
  make_tree(b.dir.path(), {"a/.git/config file x", "a/x file 1", "b/.git file gitdir: /nonexistent", "b/x file 1", "c/.git fifo",
                           "c/x file 1", "x file 1"});
  EXPECT_THAT(b.sent(), ElementsAre("a/x", "b/x", "c/x", "x"));
}

TEST(git_work_tree, an_index_that_cannot_be_read_is_named) {
  bed b;
  make_tree(b.dir.path(), {"x file 1"});
  b.must("init -q");
  b.must("add x");
  write_file(b.dir / ".git/index", "DIRC and nothing else");
  EXPECT_THAT(b.failure_of(), HasSubstr(b.dir / ".git/index"));
  EXPECT_THAT(b.failure_of(), HasSubstr("--no-gitignore"));
  context_source plain = b.source();
  plain.gitignore = false;
  EXPECT_TRUE(explain_path(plain, {}, "x")->sent);
}

// Random rules in every place that git reads them from, and files that are tracked all the same.
TEST(git_work_tree, agrees_with_git) {
  std::mt19937 random(17);
  const std::vector<std::string> names{"a", "b", "ab", "a.b", "x"};
  const std::vector<std::string> parts{"a", "b", "ab", "*", "?", "**", "*.b", "x*", "a.b", "[!a]"};
  const auto rules = [&] {
    std::string content;
    for (std::size_t n = random() % 3; n > 0; --n) {
      if (random() % 3 == 0) content += '!';
      if (random() % 3 == 0) content += '/';
      for (std::size_t depth = 1 + random() % 2; depth > 0; --depth) {
        content += parts[random() % parts.size()];
        if (depth > 1) content += '/';
      }
      content += random() % 4 == 0 ? "/\n" : "\n";
    }
    return content;
  };
  for (int round = 0; round < 12; ++round) {
    bed b;
    std::vector<std::string> files;
    std::vector<std::string> directories{""};
    const auto grow = [&](auto&& self, const std::string& path, int depth) -> void {
      for (const auto& name : names) {
        const std::string child = join_path(path, name);
        if (depth < 3 && random() % 2 == 0) {
          directories.push_back(child);
          std::filesystem::create_directories(b.dir / child);
          self(self, child, depth + 1);
        } else {
          write_file(b.dir / child, "");
          files.push_back(child);
        }
      }
    };
    grow(grow, "", 0);
    b.must("init -q");
    for (const std::string& directory : directories)
      if (random() % 4 == 0) write_file(b.dir / join_path(directory, ".gitignore"), rules());
    write_file(b.dir / ".git/info/exclude", rules());
    write_file(b.home / ".config/git/ignore", rules());
    std::string chosen;
    for (const std::string& file : files)
      if (random() % 6 == 0) (chosen += file) += '\n';
    write_file(b.home / "chosen", chosen);
    b.must("add -f --pathspec-from-file='" + b.home / "chosen" + "' || test ! -s '" + b.home / "chosen" + "'");
    EXPECT_EQ(b.sent(), b.wanted_by_git()) << "round " << round;
    // Below the root, where git does not ignore the whole context.
    for (const std::string& directory : directories) {
      if (directory.empty() || b.git("", "check-ignore -q --no-index '" + directory + "'") == 0) continue;
      EXPECT_EQ(b.sent(directory), b.wanted_by_git(directory)) << "round " << round << " in " << directory;
      break;
    }
    if (HasFailure()) return;
  }
}

TEST(dockerignore, a_link_is_followed_inside_the_context) {
  temp_dir dir;
  make_tree(dir.path(), {"secret file 1", "ok file 2", "config/ignore file secret", "config/up symlink ../config/ignore",
                         ".dockerignore symlink config/up"});
  context_source source;
  source.root = dir.path();
  source.dockerignore = ".dockerignore";
  EXPECT_FALSE(explain_path(source, {}, "secret")->sent);
  EXPECT_TRUE(explain_path(source, {}, "ok")->sent);
  std::filesystem::remove(dir / ".dockerignore");
  std::filesystem::create_symlink(dir / "config/ignore", dir / ".dockerignore");
  EXPECT_FALSE(explain_path(source, {}, "secret")->sent);
}

TEST(dockerignore, one_that_cannot_be_followed_is_no_empty_one) {
  temp_dir outside;
  write_file(outside / "ignore", "secret");
  const auto said = [&](const std::string& line) {
    temp_dir dir;
    make_tree(dir.path(), {"secret file 1", line});
    context_source source;
    source.root = dir.path();
    source.dockerignore = ".dockerignore";
    const auto decision = explain_path(source, {}, "secret");
    return decision ? std::string("read") : decision.error().text;
  };
  EXPECT_EQ(said("other file 1"), "read");
  EXPECT_THAT(said(".dockerignore symlink " + outside / "ignore"), HasSubstr("it is a link that leaves the context (to"));
  EXPECT_THAT(said(".dockerignore symlink ../x"), HasSubstr("leaves the context"));
  EXPECT_THAT(said(".dockerignore symlink nothing"), HasSubstr("a link to 'nothing', which does not exist"));
  EXPECT_THAT(said(".dockerignore symlink .dockerignore"), HasSubstr("leads back to itself"));
  EXPECT_THAT(said(".dockerignore dir"), HasSubstr("not a regular file"));
  EXPECT_THAT(said(".dockerignore fifo"), HasSubstr("not a regular file"));
  EXPECT_THAT(said(".dockerignore dir"), HasSubstr("cannot read ignore file '.dockerignore' of the context"));
}

// A tree in which no .gitignore below the root can be read.
class locked_rules final : public file_tree {
 public:
  explicit locked_rules(std::shared_ptr<const file_tree> inner) : inner_(std::move(inner)) {}
  result<std::unique_ptr<open_directory>> directory(std::string_view path) const override { return inner_->directory(path); }
  result<std::unique_ptr<open_file>> file(std::string_view path) const override {
    if (path.ends_with("/.gitignore")) return failure(errc::permission, "Permission denied");
    return inner_->file(path);
  }

 private:
  std::shared_ptr<const file_tree> inner_;
};

TEST(gitignore, one_that_cannot_be_read_matters_only_where_something_is_sent) {
  temp_dir dir;
  make_tree(dir.path(), {"db/data/x file 1", "db/keep file 2", "db/.gitignore file x", "top file 3"});
  context_source source;
  source.root = dir.path();
  source.gitignore = true;
  source.tree = std::make_shared<locked_rules>(*open_disk_tree(dir.path()));
  const auto paths = [&](std::vector<std::string> exclude) {
    source.exclude = std::move(exclude);
    std::string all;
    const auto listed = list_context(source, {}, {}, [&](const listed_entry& entry) {
      all += entry.path + " ";
      return true;
    });
    return listed ? all : listed.error().text;
  };
  EXPECT_THAT(paths({}), HasSubstr("cannot read 'db/.gitignore' of the context: Permission denied; make it readable, exclude its directory"));
  EXPECT_EQ(paths({"db"}), "top ");
  // Looked into because of the exception.
  EXPECT_EQ(paths({"db", "!db/keep"}), "db db/keep top ");
  EXPECT_EQ(paths({"db", "!db/nothing"}), "top ");
}

}  // namespace
}  // namespace peelbox::filesync
