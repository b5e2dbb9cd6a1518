#include "engine/filesync/announced_times.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/support/tree_script.hpp"

namespace peelbox::filesync {
namespace {

namespace fs = std::filesystem;
using peelbox::test::temp_dir;

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t time_1 = 1'700'000'000 * second + 5;

TEST(shifted_time, stays_in_its_second_and_is_another) {
  for (const std::int64_t time : {time_1, std::int64_t{0}, std::int64_t{-1}, -3 * second, 7 * second - 1, 7 * second}) {
    for (std::int64_t change = 1; change < 2000; ++change) {
      const std::int64_t shifted = shifted_time({time, change, 12});
      EXPECT_NE(shifted, time);
      const auto floor = [](std::int64_t t) { return t >= 0 ? t / second : -((second - 1 - t) / second); };
      ASSERT_EQ(floor(shifted), floor(time)) << time << " " << shifted;
    }
  }
}

TEST(shifted_time, follows_from_each_number) {
  const std::int64_t one = shifted_time({time_1, 3, 12});
  EXPECT_EQ(one, shifted_time({time_1, 3, 12}));
  EXPECT_NE(one, shifted_time({time_1, 4, 12}));
  EXPECT_NE(one, shifted_time({time_1, 3, 13}));
}

TEST(decide_time, only_equal_size_and_time_with_other_numbers_is_shifted) {
  const time_decision first = decide_time(nullptr, 1, 10, {time_1, 100, 7});
  EXPECT_EQ(first.mod_time, time_1);
  ASSERT_TRUE(first.remember);
  EXPECT_EQ(first.record, (remembered_file{1, 10, time_1, 100, 7, 0}));

  const time_decision same = decide_time(&first.record, 1, 10, {time_1, 100, 7});
  EXPECT_EQ(same.mod_time, time_1);
  EXPECT_FALSE(same.remember);
  for (const file_numbers& other : {file_numbers{time_1, 101, 7}, file_numbers{time_1, 100, 8}}) {
    const time_decision changed = decide_time(&first.record, 1, 10, other);
    EXPECT_EQ(changed.mod_time, shifted_time(other));
    EXPECT_FALSE(changed.remember);
  }
  const time_decision later = decide_time(&first.record, 1, 10, {time_1 + 1, 101, 7});
  EXPECT_EQ(later.mod_time, time_1 + 1);
  EXPECT_TRUE(later.remember);
}

// The daemon may have the first content: what came between need not have been sent.
TEST(decide_time, a_time_that_comes_back_is_never_the_first_one) {
  const time_decision first = decide_time(nullptr, 1, 10, {time_1, 100, 7});
  const time_decision later = decide_time(&first.record, 1, 10, {time_1 + 9, 110, 7});
  const time_decision back = decide_time(&later.record, 1, 10, {time_1, 120, 7});
  EXPECT_EQ(back.mod_time, shifted_time({time_1, 120, 7}));
  const time_decision forth = decide_time(&back.record, 1, 10, {time_1 + 9, 130, 7});
  EXPECT_EQ(forth.mod_time, shifted_time({time_1 + 9, 130, 7}));
  EXPECT_EQ(decide_time(&forth.record, 1, 10, {time_1 + 9, 130, 7}).mod_time, forth.mod_time);
  const time_decision longer = decide_time(&first.record, 1, 11, {time_1, 110, 7});
  EXPECT_EQ(decide_time(&longer.record, 1, 10, {time_1, 120, 7}).mod_time, shifted_time({time_1, 120, 7}));
}

class AnnouncedTimes : public testing::Test {
 protected:
  std::int64_t look(std::string_view path, const file_numbers& now) {
    const announced_times times(file_, 1);
    const std::int64_t time = times.time_of(path, 10, 1, now);
    EXPECT_TRUE(times.save());
    return time;
  }
  std::size_t files() { return static_cast<std::size_t>(std::distance(fs::directory_iterator(dir_.path() + "/m"), {})); }

  temp_dir dir_;
  const std::string file_ = dir_.path() + "/m/context";
  const file_numbers before_{time_1, 100, 7};
  const file_numbers after_{time_1, 101, 7};
};

TEST_F(AnnouncedTimes, is_kept_for_every_path) {
  EXPECT_EQ(look("a", before_), time_1);
  EXPECT_EQ(look("d/b", before_), time_1);
  EXPECT_EQ(look("a", after_), shifted_time(after_));
  EXPECT_EQ(look("d/b", after_), shifted_time(after_));
  EXPECT_EQ(look("a", before_), time_1);
  EXPECT_EQ(files(), 1U);
  const announced_times times(file_, 1);
  EXPECT_EQ(times.time_of("a", 10, 2, after_), time_1) << "another file system";
}

TEST_F(AnnouncedTimes, is_not_written_when_nothing_is_new) {
  look("a", before_);
  const auto inode = [&] {
    struct stat st {};
    ::stat(file_.c_str(), &st);
    return st.st_ino;
  };
  const auto first = inode();
  look("a", before_);
  look("a", after_);
  EXPECT_EQ(inode(), first);
}

TEST_F(AnnouncedTimes, damaged_is_empty_and_is_replaced) {
  look("a", before_);
  std::string whole(fs::file_size(file_), '\0');
  std::ifstream(file_).read(whole.data(), static_cast<std::streamsize>(whole.size()));
  std::vector<std::string> damaged{"", "x", whole.substr(0, 24), whole.substr(0, whole.size() - 1), whole + whole};
  for (std::size_t at = 0; at < whole.size(); ++at) {
    damaged.push_back(whole);
    damaged.back()[at] = static_cast<char>(damaged.back()[at] ^ 4);
  }
  for (const std::string& content : damaged) {
    std::ofstream(file_, std::ios::trunc) << content;
    EXPECT_EQ(look("a", after_), time_1);
    EXPECT_EQ(look("a", before_), shifted_time(before_));
    std::ofstream(file_, std::ios::trunc) << whole;
  }
}

TEST_F(AnnouncedTimes, cannot_be_written) {
  fs::create_directories(file_);
  const announced_times times(file_, 1);
  EXPECT_EQ(times.time_of("a", 10, 1, after_), time_1);
  EXPECT_FALSE(times.save());
  EXPECT_EQ(files(), 1U);
}

TEST_F(AnnouncedTimes, several_at_once) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      for (int n = 0; n < 50; ++n) {
        const announced_times times(file_, 1);
        times.time_of(std::to_string(i * 100 + n), 10, 1, before_);
        times.save();
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(files(), 1U);
  look("a", before_);
  EXPECT_EQ(look("a", after_), shifted_time(after_));
}

TEST_F(AnnouncedTimes, contexts_that_were_not_used_for_longest_are_forgotten) {
  for (std::size_t i = 0; i < most_memories + 5; ++i) {
    const announced_times times(file_ + std::to_string(i), 1);
    times.time_of("a", 10, 1, before_);
    times.save();
  }
  EXPECT_EQ(files(), most_memories);
}

}  // namespace
}  // namespace peelbox::filesync
