#include "engine/oci/base_platform.hpp"

#include <gtest/gtest.h>

namespace peelbox::oci {
namespace {

TEST(base_platform, what_a_build_may_be_based_on) {
  const auto based = [](platform wanted, platform image) { return may_be_base(wanted, image); };
  EXPECT_TRUE(based({"linux", "amd64", ""}, {"linux", "amd64", ""}));
  EXPECT_TRUE(based({"linux", "arm64", ""}, {"linux", "aarch64", "v8"}));
  EXPECT_TRUE(based({"linux", "amd64", ""}, {"linux", "amd64", "v3"})) << "whoever names such an image knows the machine";
  EXPECT_TRUE(based({"linux", "arm", "v7"}, {"linux", "arm", "v6"}));
  EXPECT_TRUE(based({"linux", "arm", "v6"}, {"linux", "arm", ""}));
  EXPECT_FALSE(based({"linux", "arm", "v6"}, {"linux", "arm", "v7"}));
  EXPECT_FALSE(based({"linux", "arm64", ""}, {"linux", "amd64", ""}));
  EXPECT_FALSE(based({"linux", "amd64", ""}, {"linux", "386", ""}));
  EXPECT_FALSE(based({"linux", "amd64", ""}, {"windows", "amd64", ""}));
}

}  // namespace
}  // namespace peelbox::oci
