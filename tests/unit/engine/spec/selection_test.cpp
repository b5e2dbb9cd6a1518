#include "engine/spec/selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::spec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

universal_build service(std::vector<std::string> from, std::vector<std::string> commands = {}) {
  universal_build s;
  s.build.commands = std::move(commands);
  for (std::string& path : from) s.runtime.copy.push_back({std::move(path), "/x"});
  return s;
}

std::vector<std::string> selected(const std::vector<universal_build>& services) {
  std::vector<const universal_build*> all;
  for (const universal_build& s : services) all.push_back(&s);
  return selected_paths(all);
}

TEST(selection, copies_without_commands_say_what_they_need) {
  EXPECT_THAT(selected({service({"static/", "/build/conf/app.json", "web/*.html", "./a/../b"})}),
              ElementsAre("b", "conf/app.json", "static", "web/*.html"));
}

TEST(selection, the_union_of_several_services) {
  EXPECT_THAT(selected({service({"a"}), service({"b", "a"})}), ElementsAre("a", "b"));
}

TEST(selection, commands_may_read_anything) {
  EXPECT_THAT(selected({service({"a"}, {"make"})}), IsEmpty());
  EXPECT_THAT(selected({service({"a"}), service({"b"}, {"make"})}), IsEmpty());
  // Commands whose result nobody asks for are not run.
  EXPECT_THAT(selected({service({"a"}), service({}, {"make"})}), ElementsAre("a"));
}

TEST(selection, everything_is_everything) {
  EXPECT_THAT(selected({service({"a", "."})}), IsEmpty());
  EXPECT_THAT(selected({service({"a", "/build/"})}), IsEmpty());
  EXPECT_THAT(selected({service({"a", "/b*/x"})}), IsEmpty());
}

TEST(selection, what_two_kinds_of_patterns_read_differently_is_widened) {
  EXPECT_THAT(selected({service({"pages/[id].js", "x**y/z", "a\\b"})}), ElementsAre("*", "pages/*", "x*y/z"));
  EXPECT_THAT(selected({service({"/etc/passwd", "a"})}), ElementsAre("a"));
}

TEST(selection, hints_differ) {
  EXPECT_EQ(selection_hint("context", {}), "context");
  EXPECT_NE(selection_hint("context", {"a"}), selection_hint("context", {"b"}));
  EXPECT_NE(selection_hint("context", {"a", "b"}), selection_hint("context", {"ab"}));
}

}  // namespace
}  // namespace peelbox::spec
