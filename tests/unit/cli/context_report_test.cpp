#include "cli/context_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::cli {
namespace {

using filesync::entry_kind;
using filesync::heavy_path;
using filesync::listed_entry;
using testing::ElementsAre;

listed_entry entry(std::string path, entry_kind kind, std::uint64_t bytes = 0, bool sent = true) {
  listed_entry e;
  e.path = std::move(path);
  e.kind = kind;
  e.bytes = bytes;
  e.sent = sent;
  return e;
}

TEST(context_report, lines_for_people) {
  EXPECT_EQ(entry_text(entry("a/b", entry_kind::regular, 1500), {}), "a/b");
  EXPECT_EQ(entry_text(entry("a", entry_kind::directory), {}), "a/");
  EXPECT_EQ(entry_text(entry("a/b", entry_kind::regular, 1500), {.sizes = true}), "    1.5 kB  a/b");
  listed_entry out = entry("x.log", entry_kind::regular, 0, false);
  out.rule = {filesync::deciding_rule::kind::dockerignore, false, ".dockerignore", 3, "*.log"};
  out.why = out.rule.describe();
  EXPECT_EQ(entry_text(out, {.why = true}), "- x.log  (.dockerignore line 3: *.log)");
  EXPECT_EQ(entry_text(out, {.why = true, .json = true}),
            R"({"path":"x.log","type":"file","sent":false,"rule":{"from":"dockerignore","file":".dockerignore","line":3,)"
            R"("text":"*.log"},"why":".dockerignore line 3: *.log"})");
}

TEST(context_report, names_cannot_harm_a_terminal) {
  const std::string text = entry_text(entry("a\x1b[2Jb\n", entry_kind::regular), {});
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_EQ(text.find('\n'), text.npos);
}

TEST(context_report, top_skips_directories_that_are_one_thing) {
  const std::vector<listed_entry> sent{
      entry("a", entry_kind::directory),       entry("a/b", entry_kind::directory),
      entry("a/b/big", entry_kind::regular, 1000), entry("c", entry_kind::directory),
      entry("c/1", entry_kind::regular, 300),  entry("c/2", entry_kind::regular, 300),
      entry("empty", entry_kind::directory)};
  EXPECT_THAT(top_entries(sent, 3),
              ElementsAre(heavy_path{"a/b/big", 1000, 1}, heavy_path{"c/", 600, 2}, heavy_path{"c/1", 300, 1}));
  EXPECT_EQ(top_text({"c/", 600, 2}, true), R"({"path":"c","type":"directory","bytes":600,"files":2})");
}

TEST(context_report, decisions) {
  filesync::path_decision d;
  EXPECT_EQ(decision_text("x", d), "x: does not exist");
  d.exists = d.sent = true;
  d.decided_at = "x";
  EXPECT_EQ(decision_text("./x", d), "./x: sent (no rule applies)");
  d.sent = false;
  d.rule = {filesync::deciding_rule::kind::gitignore, false, ".gitignore", 1, "x/"};
  EXPECT_EQ(decision_text("x/y", d), "x/y: left out with x/ by .gitignore line 1: x/");
  EXPECT_EQ(decision_text("x", d), "x: left out by .gitignore line 1: x/");
}

}  // namespace
}  // namespace peelbox::cli
