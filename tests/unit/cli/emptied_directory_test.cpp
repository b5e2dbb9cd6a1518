#include "cli/emptied_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/tree_script.hpp"

namespace peelbox::cli {
namespace {

using testing::HasSubstr;

TEST(EmptiedDirectory, ADirectoryOfItsOwnIsFine) {
  test::temp_dir dir;
  test::make_tree(dir.path(), {"context/src dir"});
  EXPECT_TRUE(may_be_emptied(dir / "out", {dir / "context"}));
  EXPECT_TRUE(may_be_emptied(dir / "context/out", {dir / "context"}));
  EXPECT_TRUE(may_be_emptied(dir / "contex", {dir / "context"}));
  EXPECT_TRUE(may_be_emptied("out", {}));
}

TEST(EmptiedDirectory, NotTheContextTheHomeOrWhereWeAre) {
  test::temp_dir dir;
  test::make_tree(dir.path(), {"context/src dir", "link symlink context"});
  const auto refused = [](const std::string& directory, const std::string& context) {
    const result<void> allowed = may_be_emptied(directory, {context});
    return allowed ? std::string("allowed") : allowed.error().text;
  };
  EXPECT_THAT(refused(dir / "context", dir / "context"), HasSubstr("the context"));
  EXPECT_THAT(refused(dir / "context/", dir / "context"), HasSubstr("the context"));
  EXPECT_THAT(refused(dir / "link", dir / "context"), HasSubstr("the context"));
  EXPECT_THAT(refused(dir.path(), dir / "context"), HasSubstr("the context"));
  EXPECT_THAT(refused(".", dir / "context"), HasSubstr("the working directory"));
  EXPECT_THAT(refused("..", dir / "context"), HasSubstr("the working directory"));
  EXPECT_THAT(refused("/", dir / "context"), HasSubstr("mode=delete"));
  if (const char* home = std::getenv("HOME")) {
    EXPECT_NE(refused(home, dir / "context"), "allowed");
  }
}

}  // namespace
}  // namespace peelbox::cli
