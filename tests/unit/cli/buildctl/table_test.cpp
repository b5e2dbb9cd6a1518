#include "cli/buildctl/table.hpp"

#include <gtest/gtest.h>

namespace peelbox::cli::buildctl {
namespace {

TEST(BuildctlTable, ColumnsEndAtTabStops) {
  table t;
  t.add({"ID", "SIZE", "X"});
  t.add({"longer-than-eight", "1B", ""});
  EXPECT_EQ(with_tabs(t), "ID\t\t\tSIZE\tX\nlonger-than-eight\t1B\t\n");
}

TEST(BuildctlTable, ACellOfSevenFitsAndOneOfEightDoesNot) {
  table seven, eight;
  seven.add({"1234567", "x"});
  eight.add({"12345678", "x"});
  EXPECT_EQ(with_tabs(seven), "1234567\tx\n");
  EXPECT_EQ(with_tabs(eight), "12345678\tx\n");
}

TEST(BuildctlTable, AColumnEndsWithTheFirstLineThatLacksIt) {
  table t;
  t.add({"a", "b"});
  t.add({"no column"});
  t.add({"very-long-cell", "c"});
  EXPECT_EQ(with_blanks(t), "a b\nno column\nvery-long-cell c\n");
}

TEST(BuildctlTable, CharactersCountAndNotBytes) {
  table t;
  t.add({"\u00e9\u00e9", "x"});
  t.add({"abc", "y"});
  EXPECT_EQ(with_blanks(t), "\u00e9\u00e9  x\nabc y\n");
}

}  // namespace
}  // namespace peelbox::cli::buildctl
