#include "engine/filesync/context_listing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/filesync/context_filter.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::filesync {
namespace {

using peelbox::test::make_tree;
using peelbox::test::temp_dir;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> list(const context_source& source, bool left_out) {
  std::vector<std::string> lines;
  const auto done = list_context(source, {}, {.left_out = left_out}, [&](const listed_entry& entry) {
    lines.push_back((entry.sent ? "+" : "-") + entry.path + (entry.kind == entry_kind::directory ? "/" : "") +
                    (left_out && !entry.sent ? " " + entry.why : ""));
    return true;
  });
  EXPECT_TRUE(done);
  return lines;
}

class listing : public testing::Test {
 protected:
  listing() {
    make_tree(dir.path(), {"a/x.log file 1", "a/keep.log file 22", "docs/d file 1", "src/tmp/y file 1", "src/m file 333",
                           "src/hard link src/m", "src/l symlink m", "src/pipe fifo", "empty dir"});
    peelbox::test::write_file(dir / ".dockerignore", "**/*.log\n!a/keep.log\ndocs\n!docs/none\n");
    peelbox::test::write_file(dir / "src/.gitignore", "tmp/\n");
    source.root = dir.path();
    source.dockerignore = ".dockerignore";
    source.gitignore = true;
  }
  temp_dir dir;
  context_source source;
};

TEST_F(listing, gives_what_is_sent_in_wire_order) {
  EXPECT_THAT(list(source, false),
              ElementsAre("+.dockerignore", "+a/", "+a/keep.log", "+empty/", "+src/", "+src/.gitignore", "+src/hard",
                          "+src/l", "+src/m", "+src/pipe"));
}

TEST_F(listing, gives_what_is_left_out_with_file_line_and_rule) {
  EXPECT_THAT(list(source, true),
              ElementsAre("+.dockerignore", "+a/", "+a/keep.log", "-a/x.log .dockerignore line 1: **/*.log",
                          "-docs/d .dockerignore line 3: docs", "-docs/ .dockerignore line 3: docs", "+empty/", "+src/",
                          "+src/.gitignore", "+src/hard", "+src/l", "+src/m", "+src/pipe",
                          "-src/tmp/ src/.gitignore line 1: tmp/"));
}

TEST_F(listing, a_directory_that_is_left_out_is_sent_for_what_is_in_it) {
  source.gitignore = false;
  source.dockerignore.clear();
  source.exclude = {"*", "!src/tmp/y"};
  EXPECT_THAT(list(source, false), ElementsAre("+src/", "+src/tmp/", "+src/tmp/y"));
}

TEST_F(listing, bytes_of_a_file_with_two_names_count_once) {
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
  ASSERT_TRUE(list_context(source, {}, {}, [&](const listed_entry& entry) {
    bytes += entry.path.starts_with("src/") && !entry.path.ends_with("ignore") ? entry.bytes : 0;
    return ++entries < 100;
  }));
  EXPECT_EQ(bytes, 3U);
}

TEST_F(listing, ends_when_nobody_wants_more) {
  int given = 0;
  ASSERT_TRUE(list_context(source, {}, {}, [&](const listed_entry&) { return ++given < 2; }));
  EXPECT_EQ(given, 2);
}

TEST_F(listing, says_what_is_wrong) {
  source.root = dir / "none";
  const auto all = [](const listed_entry&) { return true; };
  EXPECT_FALSE(list_context(source, {}, {}, all));
  source.root = dir.path();
  peelbox::test::write_file(dir / ".dockerignore", "ok\n[bad\n");
  const auto bad = list_context(source, {}, {}, all);
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().text, HasSubstr(".dockerignore line 2"));
}

TEST_F(listing, explained_paths_have_their_rule) {
  const auto kept = explain_path(source, {}, "a/keep.log");
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept->sent);
  EXPECT_EQ(kept->rule.from, deciding_rule::kind::dockerignore);
  EXPECT_EQ(kept->rule.line, 2U);
  EXPECT_EQ(kept->rule.text, "!a/keep.log");
  const auto ignored = explain_path(source, {}, "src/tmp/y");
  ASSERT_TRUE(ignored);
  EXPECT_TRUE(ignored->exists);
  EXPECT_FALSE(ignored->sent);
  EXPECT_EQ(ignored->decided_at, "src/tmp");
  EXPECT_EQ(ignored->rule.file, "src/.gitignore");
  EXPECT_EQ(ignored->rule.from, deciding_rule::kind::gitignore);
  const auto free = explain_path(source, {}, "src/m");
  ASSERT_TRUE(free);
  EXPECT_EQ(free->rule.from, deciding_rule::kind::none);
  const auto below_a_file = explain_path(source, {}, "src/m/x");
  ASSERT_TRUE(below_a_file);
  EXPECT_FALSE(below_a_file->exists);
}

}  // namespace
}  // namespace peelbox::filesync
