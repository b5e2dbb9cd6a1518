#include "engine/filesync/git_config.hpp"

#include <gtest/gtest.h>

namespace peelbox::filesync {
namespace {

std::string origin(std::string_view text) { return git_config_value(text, "remote \"origin\"", "url").value_or("none"); }

TEST(git_config, values_of_a_subsection) {
  EXPECT_EQ(origin("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = git@h:a/b.git\n\tfetch = +refs/*\n"), "git@h:a/b.git");
  EXPECT_EQ(origin("[REMOTE \"origin\"] URL=https://h/a"), "https://h/a");
  EXPECT_EQ(origin("[remote \"origin\"]\r\nurl = h:a\r\n"), "h:a");
  EXPECT_EQ(origin("[remote \"origin\"]\nurl = \"h:a # b\" ; comment\n"), "h:a # b");
  EXPECT_EQ(origin("[remote \"origin\"]\nurl = h:a\\\nb # c\n"), "h:ab");
  EXPECT_EQ(origin("[remote \"origin\"]\npushurl = h:p\nurl = one\nurl = two\n"), "two");
  EXPECT_EQ(origin("# [remote \"origin\"]\n;url = x\n[remote \"up\"]\nurl = z\n"), "none");
  EXPECT_EQ(origin("[remote \"origin\"]\nfetch\n[branch \"url = x\"]\nremote = origin\n"), "none");
}

TEST(git_config, what_git_would_refuse_ends_the_reading) {
  for (const char* broken : {"[", "[remote \"", "[remote \"origin\"", "url", "=", "[remote \"origin\"]\nurl = \"a", "\\", "[a]\nb = \\"})
    EXPECT_EQ(origin(broken), "none") << broken;
  EXPECT_EQ(git_config_value("[a]\nb\n", "a", "b"), "true");
}

}  // namespace
}  // namespace peelbox::filesync
