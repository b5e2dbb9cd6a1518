#include "engine/filesync/order_validator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::filesync {
namespace {

stat_entry dir(std::string path) { return {.path = std::move(path), .mode = go_mode::directory | 0755}; }
stat_entry file(std::string path) { return {.path = std::move(path), .mode = 0644}; }
stat_entry link(std::string path, std::string target) {
  return {.path = std::move(path), .mode = 0644, .linkname = std::move(target)};
}

// Everything but the last entry must pass; gives the last one's error, "" when it passes.
std::string check(const std::vector<stat_entry>& entries) {
  order_validator v;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto r = v.check(entries[i]);
    if (i + 1 == entries.size()) return r ? "" : r.error().text;
    EXPECT_TRUE(r) << r.error().text;
  }
  return "";
}

TEST(order_validator, accepts_a_tree) {
  EXPECT_EQ(
      check({dir("a"), dir("a/b"), file("a/b/c"), file("a/d"), file("a-"), dir("b"), link("b/x", "a/d")}),
      "");
}

TEST(order_validator, refuses) {
  using testing::HasSubstr;
  EXPECT_THAT(check({file("b"), file("a")}), HasSubstr("breaks the order"));
  EXPECT_THAT(check({file("a"), file("a")}), HasSubstr("breaks the order"));
  EXPECT_THAT(check({file("a"), file("a/b")}), HasSubstr("directory was not announced"));
  EXPECT_THAT(check({file("a/b")}), HasSubstr("directory was not announced"));
  EXPECT_THAT(check({dir("a"), dir("a/b"), file("a/c"), file("a/b/d")}), HasSubstr("breaks the order"));
  EXPECT_THAT(check({dir("a"), file("b"), file("a-")}), HasSubstr("breaks the order"));
  EXPECT_THAT(check({dir("a"), file("a/b/c")}), HasSubstr("directory was not announced"));
  EXPECT_THAT(check({file("../x")}), HasSubstr("'..'"));
  EXPECT_THAT(check({file("/x")}), HasSubstr("absolute"));
  EXPECT_THAT(check({file("a"), link("b", "c")}), HasSubstr("hard link"));
  EXPECT_THAT(check({file("a"), link("b", "a"), link("c", "b")}), HasSubstr("hard link"));
  EXPECT_THAT(check({dir("a"), link("b", "a")}), HasSubstr("hard link"));
  const stat_entry symlink{.path = "s", .mode = go_mode::symlink | 0777, .linkname = ".."};
  EXPECT_THAT(check({symlink, file("s/x")}), HasSubstr("directory was not announced"));
}

}  // namespace
}  // namespace peelbox::filesync
