#include "cli/summary.hpp"

#include <gtest/gtest.h>

namespace peelbox::cli {
namespace {

TEST(Summary, BytesAndTimesAreShort) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1000), "1.0 kB");
  EXPECT_EQ(human_bytes(999'960), "1.0 MB");
  EXPECT_EQ(human_bytes(2'147'483'648), "2.1 GB");
  EXPECT_EQ(human_time(std::chrono::milliseconds(42)), "0.04s");
  EXPECT_EQ(human_time(std::chrono::milliseconds(12'345)), "12.3s");
  EXPECT_EQ(human_time(std::chrono::milliseconds(72'000)), "1m 12s");
}

}  // namespace
}  // namespace peelbox::cli
