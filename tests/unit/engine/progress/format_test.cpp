#include "engine/progress/format.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace peelbox::progress {
namespace {

using namespace std::chrono_literals;

std::string bytes(std::int64_t n) {
  std::string out;
  append_bytes(n, out);
  return out;
}
std::string log_time(duration d) {
  std::string out;
  append_log_time(d, out);
  return out;
}

TEST(Format, Bytes) {
  EXPECT_EQ(bytes(0), "0B");
  EXPECT_EQ(bytes(31), "31B");
  EXPECT_EQ(bytes(999), "999B");
  EXPECT_EQ(bytes(1000), "1.00kB");
  EXPECT_EQ(bytes(1'572), "1.57kB");
  EXPECT_EQ(bytes(12'345'678), "12.3MB");
  EXPECT_EQ(bytes(999'999'999), "999MB");
  EXPECT_EQ(bytes(std::numeric_limits<std::int64_t>::max()), "9.22EB");
  EXPECT_EQ(bytes(-5), "0B");
}

TEST(Format, Counts) {
  const auto count = [](std::uint64_t n) {
    std::string out = "x";
    append_count(n, out);
    return out;
  };
  EXPECT_EQ(count(0), "x0");
  EXPECT_EQ(count(999), "x999");
  EXPECT_EQ(count(1204), "x1,204");
  EXPECT_EQ(count(1'234'567), "x1,234,567");
}

TEST(Format, LogTimes) {
  EXPECT_EQ(log_time(0ns), "0.000");
  EXPECT_EQ(log_time(1234567890ns), "1.234");
  EXPECT_EQ(log_time(9999ms), "9.999");
  EXPECT_EQ(log_time(10s), "10.00");
  EXPECT_EQ(log_time(100s), "100.0");
  EXPECT_EQ(log_time(-5s), "0.000");
}

TEST(Format, Amounts) {
  const auto amount = [](const step_status& s) {
    std::string out;
    append_amount(s, out);
    return out;
  };
  step_status s;
  EXPECT_EQ(amount(s), "");
  s.current = 1500;
  EXPECT_EQ(amount(s), " 1.50kB");
  s.total = 3000;
  EXPECT_EQ(amount(s), " 1.50kB / 3.00kB");
  s.transfer.emplace();
  EXPECT_EQ(amount(s), "");
  s.transfer->files_seen = 12'042;
  EXPECT_EQ(amount(s), " 12,042 files scanned");
  s.transfer->files_sent = 1'204;
  s.transfer->bytes_sent = 12'345'678;
  EXPECT_EQ(amount(s), " 12.3MB in 1,204 files");
  s.transfer->files_sent = 1;
  EXPECT_EQ(amount(s), " 12.3MB in 1 file");
  *s.transfer = {1, "context", context_transfer::phase::done, 3000, 0, 0, {}};
  EXPECT_EQ(amount(s), " 3,000 files unchanged");
}

}  // namespace
}  // namespace peelbox::progress
