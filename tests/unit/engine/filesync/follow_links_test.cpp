#include "engine/filesync/follow_links.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/filesync/disk_tree.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::filesync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class follow_links_of : public testing::Test {
 protected:
  std::vector<std::string> follow(const std::vector<std::string>& lines,
                                  const std::vector<std::string>& paths) {
    peelbox::test::temp_dir dir;
    peelbox::test::make_tree(dir.path(), lines);
    const auto tree = open_disk_tree(dir.path());
    auto result = follow_links(**tree, paths);
    EXPECT_TRUE(result) << result.error().text;
    return result ? *result : std::vector<std::string>{"failed"};
  }
};

TEST_F(follow_links_of, plain_and_missing_paths_stay) {
  EXPECT_THAT(follow({"a/b file x"}, {"a/b", "missing/x", "/lead"}), ElementsAre("a/b", "lead", "missing/x"));
}

TEST_F(follow_links_of, links_are_followed_and_kept) {
  EXPECT_THAT(follow({"dir/l1 symlink /dir/l2", "dir/l2 symlink target", "dir/target file x"}, {"dir/l1"}),
              ElementsAre("dir/l1", "dir/l2", "dir/target"));
  EXPECT_THAT(follow({"l symlink d", "d/x file 1"}, {"l/x"}), ElementsAre("d/x", "l"));
}

TEST_F(follow_links_of, links_out_of_the_tree_start_at_its_root) {
  EXPECT_THAT(follow({"a/l symlink ../../../b", "b file x"}, {"a/l"}), ElementsAre("a/l", "b"));
}

TEST_F(follow_links_of, loops_end) {
  EXPECT_THAT(follow({"a symlink b", "b symlink a"}, {"a"}), ElementsAre("a", "b"));
  EXPECT_THAT(follow({"a symlink a/b"}, {"a"}), ElementsAre("a"));
}

TEST_F(follow_links_of, patterns_find_links) {
  EXPECT_THAT(follow({"l1 symlink t1", "l2 symlink t2", "t1 file 1", "t2 file 2", "x file 3"}, {"l*"}),
              ElementsAre("l*", "t1", "t2"));
  EXPECT_THAT(follow({"x file 3"}, {"l*", "x*"}), ElementsAre("l*", "x*"));
}

TEST_F(follow_links_of, what_is_below_another_result_is_dropped) {
  EXPECT_THAT(follow({"a/b file x"}, {"a", "a/b", "ab"}), ElementsAre("a", "ab"));
}

TEST_F(follow_links_of, the_root_means_everything) {
  EXPECT_THAT(follow({"l symlink /"}, {"l"}), IsEmpty());
  EXPECT_THAT(follow({}, {"."}), IsEmpty());
}

TEST_F(follow_links_of, a_link_on_two_paths_is_followed_for_both) {
  EXPECT_THAT(follow({"l symlink d", "d/x file 1", "d/y file 2"}, {"l/x", "l/y"}),
              ElementsAre("d/x", "d/y", "l"));
}

TEST(with_followed, one_pass_over_both_lists) {
  EXPECT_THAT(with_followed({"b", "b/x"}, {}), ElementsAre("b", "b/x"));
  EXPECT_THAT(with_followed({"b", "b/x"}, {"a"}), ElementsAre("b", "a"));
  EXPECT_THAT(with_followed({"/b"}, {"a"}), ElementsAre("a"));
  EXPECT_THAT(with_followed({"."}, {"a"}), IsEmpty());
}

}  // namespace
}  // namespace peelbox::filesync
