#include "engine/filesync/text_tree.hpp"

#include <gtest/gtest.h>

namespace peelbox::filesync {
namespace {

TEST(TextTree, HasFilesInItsRoot) {
  const auto tree = text_tree({{"b", "two"}, {"a", "1"}}, 42);
  const auto names = tree->directory("").value()->list().value();
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names.name(0), "a");
  EXPECT_EQ(names.kind(1), entry_kind::regular);
  const auto about = tree->directory("").value()->details("b").value();
  EXPECT_EQ(about.size, 3);
  EXPECT_EQ(about.mod_time, 42);
  EXPECT_EQ(*read_whole_file(*tree, "b", 10), "two");
}

TEST(TextTree, HasNothingElse) {
  const auto tree = text_tree({{"a", "1"}}, 0);
  EXPECT_EQ(tree->directory("a").error().code, errc::not_found);
  EXPECT_EQ(tree->file("b").error().code, errc::not_found);
  EXPECT_EQ(tree->directory("").value()->details("b").error().code, errc::not_found);
  EXPECT_EQ(tree->directory("").value()->list()->size(), 1u);
  std::byte none{};
  EXPECT_EQ(*tree->file("a").value()->read(5, &none, 1), 0u);
}

}  // namespace
}  // namespace peelbox::filesync
