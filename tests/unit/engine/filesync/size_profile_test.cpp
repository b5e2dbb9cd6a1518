#include "engine/filesync/size_profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/filesync/disk_tree.hpp"
#include "engine/filesync/ignore_file.hpp"
#include "engine/filesync/measured_tree.hpp"
#include "engine/filesync/pattern.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::filesync {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using weight = size_profile::weight;

TEST(size_profile, names_the_directory_that_has_the_weight) {
  size_profile p;
  p.add("src", 1'000'000, 100);
  p.add("web/src", 1'000'000, 50);
  p.add("web/node_modules/a", 300'000'000, 9'000);
  p.add("web/node_modules/b/c", 10'000'000, 20'000);
  p.add_file("data/set/big.iso", 200'000'000);
  EXPECT_EQ(p.bytes(), 512'000'000U);
  EXPECT_EQ(p.files(), 29'151U);
  EXPECT_THAT(p.heaviest(3, weight::bytes), ElementsAre(heavy_path{"web/node_modules/", 310'000'000, 29'000},
                                                        heavy_path{"data/set/big.iso", 200'000'000, 1}));
  EXPECT_THAT(p.heaviest(3, weight::files), ElementsAre(heavy_path{"web/node_modules/", 310'000'000, 29'000}));
  EXPECT_EQ(p.heaviest(1, weight::bytes).size(), 1U);
}

TEST(size_profile, keeps_a_directory_whose_content_is_spread) {
  size_profile p;
  for (int i = 0; i < 10; ++i) p.add("assets/" + std::to_string(i), 10'000'000, 10);
  p.add("src", 10'000'000, 10);
  EXPECT_THAT(p.heaviest(5, weight::bytes),
              ElementsAre(heavy_path{"assets/", 100'000'000, 100}, heavy_path{"src/", 10'000'000, 10}));
}

TEST(size_profile, small_parts_and_nothing_are_not_named) {
  EXPECT_THAT(size_profile().heaviest(3, weight::bytes), IsEmpty());
  size_profile p;
  for (int i = 0; i < 100; ++i) p.add("d" + std::to_string(i), 1'000, 1);
  EXPECT_THAT(p.heaviest(3, weight::bytes), IsEmpty());
}

TEST(size_profile, deep_directories_count_for_those_above) {
  size_profile p;
  p.add("a/b/c/d/e/f/g/h/i/j", 100, 1);
  p.add("a/b/c/d/e/f/x", 100, 1);
  EXPECT_THAT(p.heaviest(1, weight::bytes), ElementsAre(heavy_path{"a/b/c/d/e/f/", 200, 2}));
}

// What the line says must be what .dockerignore's rules make of it.
TEST(ignore_line, matches_exactly_its_path) {
  for (const std::string path : {"a", "a b", " x", "x ", "#c", "!n", "a*b", "q?", "[z]", "back\\slash", "d/*/e"}) {
    const std::string line = ignore_line_for(path);
    const auto lines = read_dockerignore(line + "\n", "f");
    ASSERT_EQ(lines.size(), 1U) << line;
    const auto set = pattern_set::compile(std::vector<std::string>{lines[0].pattern});
    ASSERT_TRUE(set) << line;
    EXPECT_TRUE(set->matches(path)) << path << " -> " << line;
    EXPECT_FALSE(set->matches("other")) << line;
  }
  EXPECT_EQ(ignore_line_for("web/node_modules/"), "web/node_modules");
  EXPECT_EQ(ignore_line_for("two\nlines"), "");
}

TEST(measured_tree, adds_up_what_is_looked_at) {
  peelbox::test::temp_dir dir;
  peelbox::test::make_tree(dir.path(), {"a/x file 12345", "a/y file 1", "a/l symlink x", "b/z file 22"});
  auto disk = open_disk_tree(dir.path());
  ASSERT_TRUE(disk);
  auto measure = std::make_shared<tree_measure>();
  const auto tree = measured_tree(*disk, measure);
  for (const char* name : {"a", "b"}) {
    auto directory = tree->directory(name);
    ASSERT_TRUE(directory);
    auto names = (*directory)->list();
    ASSERT_TRUE(names);
    for (std::size_t i = 0; i < names->size(); ++i) EXPECT_TRUE((*directory)->details(names->name(i)));
  }
  const size_profile found = measure->profile();
  EXPECT_EQ(found.bytes(), 8U);
  EXPECT_EQ(found.files(), 3U);
  EXPECT_THAT(found.heaviest(2, weight::bytes), ElementsAre(heavy_path{"a/", 6, 2}, heavy_path{"b/", 2, 1}));
  EXPECT_TRUE(tree->file("a/x"));
  EXPECT_FALSE(tree->directory("none"));
}

}  // namespace
}  // namespace peelbox::filesync
