#include "cli/buildctl/dashes.hpp"

#include <gtest/gtest.h>

namespace peelbox::cli::buildctl {
namespace {

using words = std::vector<std::string>;

TEST(WithTwoDashes, LongNamesAfterOneDash) {
  EXPECT_EQ(with_two_dashes({"buildctl", "-addr", "unix:///x", "build", "-opt=a=b", "-frontend", "x"}),
            (words{"buildctl", "--addr", "unix:///x", "build", "--opt=a=b", "--frontend", "x"}));
  EXPECT_EQ(with_two_dashes({"build", "--opt", "a=-b", "-o", "type=tar", "-"}), (words{"build", "--opt", "a=-b", "-o", "type=tar", "-"}));
}

TEST(WithTwoDashes, AShortNameMayHaveItsValueAfterAnEqualsSign) {
  EXPECT_EQ(with_two_dashes({"-o=type=local,dest=x", "-f=a"}), (words{"-o", "type=local,dest=x", "-f", "a"}));
}

TEST(WithTwoDashes, OtherWordsStay) {
  EXPECT_EQ(with_two_dashes({"-vv", "-v", "-1", "--", "-addr"}), (words{"-vv", "-v", "-1", "--", "-addr"}));
}

}  // namespace
}  // namespace peelbox::cli::buildctl
