#include "engine/detect/packages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/detect/frameworks.hpp"

namespace peelbox::detect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(PackageIndex, NearestVersion) {
  const auto index = package_index::parse("nodejs-18\nnodejs-20\nnodejs-22\nnodejs-22-doc\nphp-8.2\n", "list");
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->nearest("nodejs-", ""), "22");
  EXPECT_EQ(index->nearest("nodejs-", "20"), "20");
  EXPECT_EQ(index->nearest("nodejs-", "19"), "20");
  EXPECT_EQ(index->nearest("nodejs-", "99"), "22");
  // 2 is neither the beginning of 20 nor of 22.
  EXPECT_EQ(index->nearest("nodejs-", "2"), "18");
  EXPECT_EQ(index->nearest("php-", "8"), "8.2");
  EXPECT_EQ(index->nearest("ruby-", "3"), "");
}

TEST(PackageIndex, ReadsApkindex) {
  const auto index = package_index::parse("C:Q1\nP:go-1.24\nV:1\n\nP:dotnet-9-sdk\n\nP:go-1.9\n", "APKINDEX");
  ASSERT_TRUE(index.has_value());
  EXPECT_EQ(index->nearest("go-", ""), "1.24");
  EXPECT_EQ(index->nearest("dotnet-", ""), "9");
}

TEST(PackageIndex, EmptyIsAnError) { EXPECT_TRUE(package_index::parse("\n# x\n", "list").has_error()); }

TEST(Packages, NamesOfBothDistributions) {
  const package_index index = package_index::built_in();
  EXPECT_THAT(resolve({"python", "3.12.4"}, distro::wolfi, index).names, ElementsAre("python-3.12"));
  EXPECT_THAT(resolve({"python", "3.11.2"}, distro::debian, index).names, ElementsAre("python3"));
  EXPECT_EQ(resolve({"python", "3.11.2"}, distro::debian, index).note, "");
  EXPECT_THAT(resolve({"python", "3.13"}, distro::debian, index).note, HasSubstr("Debian 12 has 3.11"));
  EXPECT_THAT(resolve({"node", "14"}, distro::wolfi, index).note, HasSubstr("18 is the nearest"));
  EXPECT_THAT(resolve({"deno", ""}, distro::debian, index).note, HasSubstr("no package"));
  EXPECT_THAT(resolve({"php-ext:pdo_mysql", ""}, distro::debian, index).names, ElementsAre("php-mysql"));
  EXPECT_THAT(resolve({"php-ext:ctype", ""}, distro::debian, index).names, ElementsAre());
  EXPECT_THAT(resolve({"php-ext:gd", "8.3"}, distro::wolfi, index).names, ElementsAre("php-8.3-gd"));
}

TEST(Frameworks, ThoseOnTopOfOthersWin) {
  EXPECT_EQ(find_framework(ecosystem::node, {"express", "next"})->name, "Next.js");
  EXPECT_EQ(find_framework(ecosystem::python, {"Django"})->name, "Django");
  EXPECT_EQ(find_framework(ecosystem::go, {"github.com/labstack/echo/v4"})->name, "Echo");
  EXPECT_EQ(find_framework(ecosystem::node, {"django"}), nullptr);
}

}  // namespace
}  // namespace peelbox::detect
