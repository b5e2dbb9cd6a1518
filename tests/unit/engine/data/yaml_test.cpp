#include "engine/data/yaml.hpp"

#include <gmock/gmock.h>

namespace peelbox::data {
namespace {

using testing::ElementsAre;

TEST(Yaml, MapsAndSequences) {
  const auto tree = parse_yaml("packages:\n  - 'a/*'\n  - b\nn: 3\ne:\n");
  ASSERT_TRUE(tree.has_value()) << tree.error().text;
  EXPECT_THAT((*tree)["packages"].texts(), ElementsAre("a/*", "b"));
  EXPECT_EQ((*tree)["n"].text, "3");
  EXPECT_TRUE((*tree)["e"].is(value::kind::null));
}

TEST(Yaml, BrokenTextsAndBombs) {
  EXPECT_TRUE(parse_yaml("a: [1\n").has_error());
  EXPECT_TRUE(parse_yaml("a: *none\n").has_error());
  std::string bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) bomb += before + (j < 9 ? ", " : "]\n");
  }
  EXPECT_TRUE(parse_yaml(bomb).has_error());
  EXPECT_TRUE(parse_yaml("&a [*a]").has_error());
}

}  // namespace
}  // namespace peelbox::data
