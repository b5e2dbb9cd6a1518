#include "engine/progress/format.hpp"

#include "engine/progress/log_files.hpp"

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
  const auto amount = [](const step_status& s, bool live = false) {
    std::string out;
    append_amount(s, live, out);
    return out;
  };
  step_status s;
  EXPECT_EQ(amount(s), "");
  s.current = 1500;
  EXPECT_EQ(amount(s), " 1.50kB");
  s.total = 3000;
  EXPECT_EQ(amount(s), " 1.50kB / 3.00kB");
  EXPECT_EQ(amount(s, true), " 1.50kB / 3.00kB 50%");
  s.current = 4000;
  EXPECT_EQ(amount(s, true), " 4.00kB / 3.00kB") << "a percentage above 100 is none";
}

TEST(Format, Transfers) {
  using phase = context_transfer::phase;
  step_status s;
  s.transfer.emplace();
  context_transfer& t = *s.transfer;
  const auto amount = [&](bool live = false) {
    std::string out;
    append_amount(s, live, out);
    return out;
  };
  EXPECT_EQ(amount(), "");
  t.files_seen = 12'042;
  EXPECT_EQ(amount(), " 12,042 files scanned");
  t.state = phase::sending;
  EXPECT_EQ(amount(), " 12,042 files compared");
  t.files_asked = 1;
  t.bytes_sent = 128'000'000;
  EXPECT_EQ(amount(), " 128MB, 0 of 1 file") << "one large file is on its way";
  t.files_asked = 12;
  t.files_sent = 3;
  s.rate = 45'600'000;
  EXPECT_EQ(amount(), " 128MB, 3 of 12 files") << "lines of a log file do not change all the time";
  EXPECT_EQ(amount(true), " 128MB, 3 of 12 files, 45.6MB/s");
  t.state = phase::scanning;
  EXPECT_EQ(amount(true), " 128MB, 3 of 12 files, 45.6MB/s, scanned 12,042 so far");
  t.state = phase::done;
  t.files_sent = 12;
  EXPECT_EQ(amount(), " 128MB in 12 files of 12,042, 45.6MB/s");
  t.state = phase::failed;
  EXPECT_EQ(amount(), " 128MB, 12 of 12 files, failed");
  t = {1, "context", phase::done, 3000, 0, 0, 0, {}};
  EXPECT_EQ(amount(), " 3,000 files unchanged");
}

TEST(Format, FileNamesOfSteps) {
  EXPECT_EQ(file_name_part("[build 2/4] make -j8"), "build-2-4-make-j8");
  EXPECT_EQ(file_name_part("../../etc/passwd"), "etc-passwd");
  EXPECT_EQ(file_name_part("\n/;*"), "step");
  EXPECT_EQ(file_name_part(std::string(500, 'x')).size(), 60u);
}

}  // namespace
}  // namespace peelbox::progress
