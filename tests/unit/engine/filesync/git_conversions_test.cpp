#include "engine/filesync/git_conversions.hpp"

#include <gtest/gtest.h>

namespace peelbox::filesync {
namespace {

bool converts(std::string_view text, std::string_view path, std::string_view directory = "") {
  git_conversions all;
  all.add(text, directory);
  return all.may_convert(path);
}

TEST(GitConversions, AttributesThatChangeNoBytesDoNotCount) {
  for (const char* text : {"", "\n\n", "# *.c text\n", "* -text\n", "*.png binary\n", "*.lock merge=union diff\n", "* !eol -filter -ident\n",
                           "vendor/** linguist-vendored export-ignore\n", "*.c\n", "   \t\n", "*.c whitespace=text\n"})
    EXPECT_FALSE(converts(text, "a.c")) << text;
}

TEST(GitConversions, ThoseThatMayChangeBytesCountForTheirPaths) {
  for (const char* text : {"* text=auto", "*.c text\n", "*.C text eol=lf\r\n", "a.c filter=lfs diff=lfs -text", "\t*.c ident\n", "src/*.c crlf",
                           "*.c working-tree-encoding=UTF-16", "# x\n\n*.c -text\n*.c eol=crlf", "**/a.c text", "[ab].c text", "\"a.c\" text",
                           "[attr]lines text\n", "a.? text", "** text", "/a.c text", "src/ text"})
    EXPECT_TRUE(converts(text, "src/a.c")) << text;
  for (const char* text : {"*.h text\n", "b.c text\n", "*.bin filter=lfs -text\n", "a text\n", "c text\n"})
    EXPECT_FALSE(converts(text, "src/a.c")) << text;
}

TEST(GitConversions, CountBelowTheirDirectory) {
  EXPECT_TRUE(converts("* text", "src/a.c", "src"));
  EXPECT_TRUE(converts("* text", "src/deep/a.c", "src"));
  EXPECT_FALSE(converts("* text", "a.c", "src"));
  EXPECT_FALSE(converts("* text", "srcs/a.c", "src"));
  EXPECT_TRUE(converts("[attr]lines text", "a.c", "src")) << "a macro";
  git_conversions unknown;
  EXPECT_TRUE(unknown.empty());
  unknown.add_unknown("x/y");
  EXPECT_TRUE(unknown.may_convert("x/y/z"));
  EXPECT_FALSE(unknown.may_convert("x/z"));
}

}  // namespace
}  // namespace peelbox::filesync
