#include "engine/filesync/copy_paths.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/filesync/disk_tree.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::filesync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> to_copy(const std::vector<std::string>& lines, const std::vector<std::string>& paths) {
  peelbox::test::temp_dir dir;
  peelbox::test::make_tree(dir.path(), lines);
  const auto tree = open_disk_tree(dir.path());
  auto result = paths_to_copy(**tree, paths);
  EXPECT_TRUE(result) << result.error().text;
  return result ? *result : std::vector<std::string>{"failed"};
}

TEST(copy_paths, plain_and_missing_paths_stay) {
  EXPECT_THAT(to_copy({"a/b file x"}, {"a/b", "missing/x", "a/b/below"}), ElementsAre("a/b", "missing/x"));
}

TEST(copy_paths, links_are_followed_and_kept) {
  EXPECT_THAT(to_copy({"dir/l1 symlink /dir/l2", "dir/l2 symlink target", "dir/target file x"}, {"dir/l1"}),
              ElementsAre("dir/l1", "dir/l2", "dir/target"));
  EXPECT_THAT(to_copy({"l symlink d", "d/x file 1"}, {"l/x"}), ElementsAre("d/x", "l"));
  EXPECT_THAT(to_copy({"a/l symlink ../../../b", "b file x"}, {"a/l"}), ElementsAre("a/l", "b"));
  EXPECT_THAT(to_copy({"a symlink b", "b symlink a"}, {"a"}), ElementsAre("a", "b"));
}

TEST(copy_paths, also_in_every_directory_that_a_pattern_names) {
  EXPECT_THAT(to_copy({"p/a/conf symlink ../../shared", "p/b/conf/x file 1", "shared/x file 2", "other file 3"}, {"p/*/conf/x"}),
              ElementsAre("p/*/conf", "shared/x"));
  EXPECT_THAT(to_copy({"p/a symlink ../e", "p/b/x symlink ../y", "p/y file 1", "e/x file 2"}, {"p/*/x"}),
              ElementsAre("e/x", "p/*", "p/y"));
}

TEST(copy_paths, an_unrelated_link_need_not_be_a_pattern) {
  EXPECT_THAT(to_copy({"pages/legacy symlink ../shared_[old", "pages/[id]/index.tsx file 1"}, {"pages/?id?/index.tsx"}),
              ElementsAre("pages/?id?/index.tsx"));
  EXPECT_THAT(to_copy({"pages/legacy symlink ../shared_[old", "pages/[id]/index.tsx file 1"}, {"pages/*/index.tsx"}),
              ElementsAre("pages/*", "shared_?old/index.tsx"));
  EXPECT_THAT(to_copy({"l symlink a*b", "a*b file 1", "axb file 2"}, {"l"}), ElementsAre("a?b", "l"));
}

TEST(copy_paths, the_folder_of_a_pattern_exists_although_nothing_matches) {
  EXPECT_THAT(to_copy({"d/x.txt file 1"}, {"d/*.json"}), ElementsAre("d"));
  EXPECT_THAT(to_copy({"d/e/x.txt file 1"}, {"d/*/y"}), ElementsAre("d"));
  EXPECT_THAT(to_copy({"l symlink d", "d/x.txt file 1"}, {"l/*.json"}), ElementsAre("d", "l"));
  EXPECT_THAT(to_copy({"d/a/y file 1", "d/b/z file 2"}, {"d/*/y"}), ElementsAre("d/*/y")) << "one is enough";
  EXPECT_THAT(to_copy({"a|b/x file 1", "c file 2"}, {"a?b/*.json"}), ElementsAre("a?b"));
  EXPECT_THAT(to_copy({"x.txt file 1"}, {"*.json"}), ElementsAre("*.json")) << "the root is there anyway";
  EXPECT_THAT(to_copy({"x.txt file 1"}, {"missing/*.json"}), ElementsAre("missing/*.json"));
}

TEST(copy_paths, the_root_means_everything) {
  EXPECT_THAT(to_copy({"l symlink /", "x file 1"}, {"l"}), IsEmpty());
  EXPECT_THAT(to_copy({"l symlink .", "x file 1"}, {"l/x"}), ElementsAre("l", "x"));
}

}  // namespace
}  // namespace peelbox::filesync
