#include "engine/filesync/pattern.hpp"
#include "engine/filesync/glob.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/engine/filesync/reference_matcher.hpp"

namespace peelbox::filesync {
namespace {

pattern_set compile(std::vector<std::string> lines) {
  auto set = pattern_set::compile(lines);
  EXPECT_TRUE(set) << set.error().text;
  return set ? std::move(*set) : pattern_set();
}

bool matches(const std::string& pattern, const std::string& path) { return compile({pattern}).matches(path); }

TEST(pattern, single_patterns_without_parents) {
  struct row {
    const char* pattern;
    const char* path;
    bool expected;
  };
  const row table[] = {
      {"foo", "foo", true},
      {"foo", "foo/bar", true},
      {"foo", "xfoo", false},
      {"/foo", "foo", false},
      {"foo/", "foo", true},
      {"./foo", "foo", true},
      {"a/../foo", "foo", true},
      {" foo ", "foo", true},
      {"foo/**", "foo", false},
      {"foo/**", "foo/a", true},
      {"foo/**", "foo/a/b", true},
      {"foo**", "foobar/x", true},
      {"**", "a/b", true},
      {"**/", "a/b", true},
      {"**/foo", "foo", true},
      {"**/foo", "a/foo", true},
      {"**/foo", "a/xfoo", false},
      {"**foo", "xfoo", true},
      {"**foo", "a/xfoo", true},
      {"**/foo", "a/foo/b", true},
      {"*.go", "a.go", true},
      {"*.go", "d/a.go", false},
      {"**/*.go", "d/a.go", true},
      {"**/*.go", "a.go", true},
      {"a/**/b", "a/b", true},
      {"a/**/b", "a/x/y/b", true},
      {"a/**/b", "a/xb", false},
      {"a/**/b", "ab", false},
      {"a?c", "abc", true},
      {"a?c", "a/c", false},
      {"a?c",
       "a\xC3\xA9"
       "c",
       true},
      {"a??c",
       "a\xC3\xA9"
       "c",
       false},
      {"[a-c]x", "bx", true},
      {"[^a-c]x", "bx", false},
      {"[^a-c]x", "dx", true},
      {"[^a]", "/", true},
      {"a\\*b", "a*b", true},
      {"a\\*b", "axb", false},
      {"a.b", "axb", false},
      {"a+b", "a+b", true},
      {"(a)*", "(a)b", true},
      {"a$*", "a$b", true},
      {"*", "a", true},
      {"*", "a/b", true},
      {"*/b", "a/b", true},
      {"*/b", "a", false},
      {"**/*/x", "a/x", true},
      {"**/*/x", "x", false},
      {"a/*/c/**", "a/b/c/d", true},
      {"a/*/c/**", "a/b/c", false},
      {"foo***", "foobar", true},
      {"***", "x/y", true},
      {"**.txt", "a/b.txt", true},
      {"[[:digit:]]x", "7x", true},
      {"\\d", "7", true},
      {"\\d", "d", false},
      {"^a*", "ab", true},
      {"a^*", "a^b", false},
      {"*\xFF", "a\xFE", true},  // both bytes are no UTF-8, which Go reads as the same rune
      {"a\xFF", "a\xFE", false},
      {"*.md", "a\nb.md", true},
      {"**/*.md", "a\nb/c.md", false},
      {"dir/*", "dir/x/y", true},
      {"[a]]", "a]", true},
      {"a[b]*", "abcd", true},
      {"\\[x]", "[x]", true},
  };
  for (const auto& r : table)
    EXPECT_EQ(matches(r.pattern, r.path), r.expected) << r.pattern << " on " << r.path;
}

TEST(pattern, order_and_negation) {
  const pattern_set set = compile({"*", "!a", "a/secret"});
  EXPECT_TRUE(set.matches("b"));
  EXPECT_FALSE(set.matches("a"));
  EXPECT_FALSE(set.matches("a/x"));
  EXPECT_TRUE(set.matches("a/secret"));
  EXPECT_FALSE(compile({"!a"}).matches("a"));
  EXPECT_FALSE(compile({"a", "!a", " ", "!a"}).matches("a"));
}

TEST(pattern, bad_ones_are_named) {
  for (const char* bad :
       {"!", "a[", "[]a]", "[b-a]", "a\\", "[a", "[^]", "[-]", "[[:nope:]]", "\\y", "[a-"}) {
    const std::vector<std::string> lines{bad};
    const auto set = pattern_set::compile(lines);
    ASSERT_FALSE(set) << bad;
    EXPECT_EQ(set.error().code, errc::usage) << bad;
  }
  EXPECT_TRUE(compile({"", "  ", "\t"}).empty());
}

TEST(pattern, deciding_names_the_line) {
  const pattern_set set = compile({"", "*.log", "!keep.log"});
  EXPECT_EQ(set.deciding("x.log", {}), 1U);
  EXPECT_EQ(set.deciding("keep.log", {}), 2U);
  EXPECT_EQ(set.deciding("x", {}), std::nullopt);
}

TEST(pattern, hostile_patterns_take_linear_time) {
  std::string evil;
  for (int i = 0; i < 200; ++i) evil += "*a";
  evil += "b";
  EXPECT_FALSE(matches(evil, std::string(4000, 'a')));
}

// Random trees: walking with parent information, every answer must equal that of the slow implementation, and what
// may_match_below() rules out must indeed not happen.
TEST(pattern, agrees_with_the_slow_reading) {
  std::mt19937 random(5);
  const std::vector<std::string> names{"a", "b", "ab", "a.b", "x", "xa"};
  const std::vector<std::string> parts{"a",  "b",   "ab", "*",   "?",   "**", "*.b",
                                       "x*", "a.b", "xa", "**a", "a**", "*a*"};
  for (int round = 0; round < 600; ++round) {
    std::vector<std::string> lines;
    for (std::size_t n = random() % 6 + (round % 50 == 0 ? 100 : 1); n > 0; --n) {
      std::string p = random() % 3 == 0 ? "!" : "";
      for (std::size_t depth = 1 + random() % 3; depth > 0; --depth) {
        p += parts[random() % parts.size()];
        if (depth > 1) p += '/';
      }
      lines.push_back(p);
    }
    const pattern_set fast = compile(lines);
    const test::slow_patterns slow(lines);

    struct above {
      pattern_set::parent_info fast;
      std::optional<std::vector<bool>> slow;
      std::vector<std::string> ruled_out[2];
    };
    const auto visit = [&](auto&& self, const std::string& dir, const above& parent, int depth) -> void {
      for (const auto& name : names) {
        if (random() % 3 == 0) continue;
        const std::string path = dir.empty() ? name : dir + "/" + name;
        above inner;
        inner.slow.emplace();
        const bool expected = slow.matches(path, parent.slow, *inner.slow);
        ASSERT_EQ(fast.matches(path, parent.fast, inner.fast), expected)
            << path << " " << testing::PrintToString(lines);
        for (int negated = 0; negated < 2; ++negated) {
          for (const auto& above_dir : parent.ruled_out[negated]) {
            for (const auto& p : slow.all) {
              ASSERT_FALSE(p.negated == (negated == 1) && p.matches(path))
                  << path << " below " << above_dir << " " << p.text;
            }
          }
          inner.ruled_out[negated] = parent.ruled_out[negated];
          if (!fast.may_match_below(path, negated == 1)) inner.ruled_out[negated].push_back(path);
        }
        if (depth < 3) self(self, path, inner, depth + 1);
        if (testing::Test::HasFatalFailure()) return;
      }
    };
    visit(visit, "", above(), 0);
    std::vector<bool> unused;
    for (const char* deep : {"a/b/ab", "x/a.b/xa", "ab/x"}) {
      ASSERT_EQ(fast.matches(deep), slow.matches(deep, std::nullopt, unused))
          << deep << testing::PrintToString(lines);
    }
    if (HasFatalFailure()) return;
  }
}

TEST(glob, is_go_filepath_match) {
  struct row {
    const char* pattern;
    const char* name;
    bool expected;
  };
  const row table[] = {{"abc", "abc", true},
                       {"*", "abc", true},
                       {"*c", "abc", true},
                       {"a*", "a", true},
                       {"a*", "ab/c", false},
                       {"a*/b", "abc/b", true},
                       {"a*/b", "a/c/b", false},
                       {"a*b*c*d*e*/f", "axbxcxdxe/f", true},
                       {"a*b*c*d*e*/f", "axbxcxdxexxx/fff", false},
                       {"a*b?c*x", "abxbbxdbxebxczzx", true},
                       {"a*b?c*x", "abxbbxdbxebxczzy", false},
                       {"ab[c]", "abc", true},
                       {"ab[b-d]", "abc", true},
                       {"ab[^c]", "abc", false},
                       {"a\\*b", "a*b", true},
                       {"a?b",
                        "a\xE2\x98\xBA"
                        "b",
                        true},
                       {"a[^a]b",
                        "a\xE2\x98\xBA"
                        "b",
                        true},
                       {"a?b", "a/b", false},
                       {"a*b", "a/b", false},
                       {"[", "a", false},
                       {"*x", "xxx", true},
                       {"", "", true},
                       {"*", "", true},
                       {"?", "", false}};
  for (const auto& r : table)
    EXPECT_EQ(match_glob(r.pattern, r.name), r.expected) << r.pattern << " on " << r.name;
}

}  // namespace
}  // namespace peelbox::filesync
