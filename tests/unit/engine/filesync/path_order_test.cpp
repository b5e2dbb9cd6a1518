#include "engine/filesync/path_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace peelbox::filesync {
namespace {

TEST(path_order, slash_is_the_smallest_byte) {
  const std::vector<std::string> ordered{"a",   "a/b", "a/b/c", "a/c", "a b", "a!",
                                         "a-b", "a.b", "a0",    "aa",  "b",   "\xC3\xA9"};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t k = 0; k < ordered.size(); ++k) {
      EXPECT_EQ(compare_paths(ordered[i], ordered[k]) < 0, i < k) << ordered[i] << " " << ordered[k];
      EXPECT_EQ(compare_paths(ordered[i], ordered[k]) == 0, i == k);
    }
  }
}

TEST(path_order, equals_comparing_name_by_name) {
  const auto names = [](const std::string& path) {
    std::vector<std::string> parts;
    std::size_t at = 0;
    while (at <= path.size()) {
      const std::size_t end = std::min(path.find('/', at), path.size());
      parts.push_back(path.substr(at, end - at));
      at = end + 1;
    }
    return parts;
  };
  std::mt19937 random(3);
  const auto path = [&] {
    std::string p;
    for (std::size_t depth = 1 + random() % 3; depth > 0; --depth) {
      if (!p.empty()) p += '/';
      for (std::size_t n = 1 + random() % 2; n > 0; --n) p += "ab-.\x01\xff"[random() % 6];
    }
    return p;
  };
  for (int i = 0; i < 20000; ++i) {
    const std::string a = path();
    const std::string b = path();
    ASSERT_EQ(compare_paths(a, b) < 0, names(a) < names(b)) << a << " " << b;
  }
}

TEST(path_order, refuses_paths_that_are_not_clean) {
  for (const char* good : {"a", "a/b", "..a", "a..", "...", "a/.b", " ", "a\nb", "\xff"}) {
    EXPECT_FALSE(path_problem(good)) << good;
  }
  for (const char* bad :
       {"", "/", "/a", "a/", "a//b", ".", "..", "./a", "../a", "a/.", "a/..", "a/../b", "a/./b"}) {
    EXPECT_TRUE(path_problem(bad)) << bad;
  }
  EXPECT_TRUE(path_problem(std::string_view("a\0b", 3)));
}

TEST(path_order, clean_is_go_filepath_clean) {
  const std::vector<std::pair<std::string, std::string>> table{{"", "."},
                                                               {".", "."},
                                                               {"/", "/"},
                                                               {"a", "a"},
                                                               {"a/", "a"},
                                                               {"a//b", "a/b"},
                                                               {"./a", "a"},
                                                               {"a/./b", "a/b"},
                                                               {"a/../b", "b"},
                                                               {"a/..", "."},
                                                               {"..", ".."},
                                                               {"../a", "../a"},
                                                               {"a/../../b", "../b"},
                                                               {"/..", "/"},
                                                               {"/../a", "/a"},
                                                               {"//a", "/a"},
                                                               {"../../a", "../../a"},
                                                               {"!a/../b", "b"},
                                                               {"a/b/../../..", ".."}};
  for (const auto& [in, out] : table) EXPECT_EQ(clean_path(in), out) << in;
}

TEST(path_order, parts) {
  EXPECT_EQ(parent_path("a/b/c"), "a/b");
  EXPECT_EQ(parent_path("a"), "");
  EXPECT_EQ(base_name("a/b"), "b");
  EXPECT_EQ(join_path("", "a"), "a");
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_TRUE(is_below("a/b", "a"));
  EXPECT_TRUE(is_below("a", ""));
  EXPECT_FALSE(is_below("ab", "a"));
  EXPECT_FALSE(is_below("a", "a"));
  EXPECT_EQ(in_quotes("a\nb"), "'a\\x0ab'");
}

}  // namespace
}  // namespace peelbox::filesync
