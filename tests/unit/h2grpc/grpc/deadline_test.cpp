#include "h2grpc/grpc/deadline.hpp"

#include <gtest/gtest.h>

namespace peelbox::h2grpc {
namespace {

using namespace std::chrono_literals;

TEST(Deadline, EncodesWithAtMostEightDigits) {
  EXPECT_EQ(encode_timeout(1ms), "1m");
  EXPECT_EQ(encode_timeout(99'999'999ms), "99999999m");
  EXPECT_EQ(encode_timeout(100'000'000ms), "100000S");
  EXPECT_EQ(encode_timeout(100'000'001ms), "100001S");
  EXPECT_EQ(encode_timeout(100'000'000s), "1666667M");
  EXPECT_EQ(encode_timeout(0ms), "1n");
  EXPECT_EQ(encode_timeout(-5ms), "1n");
}

TEST(Deadline, DecodesEveryUnitRoundingUp) {
  EXPECT_EQ(decode_timeout("2H"), 2h);
  EXPECT_EQ(decode_timeout("3M"), 3min);
  EXPECT_EQ(decode_timeout("4S"), 4s);
  EXPECT_EQ(decode_timeout("5m"), 5ms);
  EXPECT_EQ(decode_timeout("1u"), 1ms);
  EXPECT_EQ(decode_timeout("1000001n"), 2ms);
  EXPECT_GT(decode_timeout("99999999H"), 24h * 365 * 50);
}

TEST(Deadline, RefusesOtherText) {
  for (const char* text : {"", "m", "5", "5x", "-5m", "123456789m", "1 m", "1.5S"}) EXPECT_FALSE(decode_timeout(text)) << text;
}

TEST(Deadline, NeverShorterAfterTheRoundTrip) {
  for (std::int64_t ms = 1; ms < 400'000'000'000; ms = ms * 3 + 1) {
    const auto back = decode_timeout(encode_timeout(std::chrono::milliseconds(ms)));
    ASSERT_TRUE(back);
    EXPECT_GE(back->count(), ms);
  }
}

}  // namespace
}  // namespace peelbox::h2grpc
