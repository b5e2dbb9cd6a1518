#include "engine/client/context_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peelbox::client {
namespace {

using testing::HasSubstr;
using testing::Not;

filesync::transfer_stats sent(std::uint64_t bytes, std::uint64_t files) {
  filesync::transfer_stats stats;
  stats.bytes_transferred = bytes;
  stats.files_transferred = files;
  return stats;
}

TEST(large_context, small_ones_get_no_word) {
  filesync::size_profile profile;
  profile.add("data", 5'000'000'000, 1'000'000);
  EXPECT_FALSE(large_context_warning(sent(0, 0), profile));
  EXPECT_FALSE(large_context_warning(sent(99'999'999, 19'999), profile));
}

TEST(grown_files, are_named_and_counted) {
  filesync::transfer_stats stats;
  EXPECT_FALSE(grown_files_warning(stats));
  stats.files_grown = 1;
  stats.first_grown = "logs/a\nb";
  EXPECT_THAT(grown_files_warning(stats).value(), HasSubstr("context file 'logs/a\\x0ab' grew while it was sent"));
  filesync::transfer_stats sum;
  sum += stats;
  stats.files_grown = 2;
  stats.first_grown = "other";
  sum += stats;
  EXPECT_THAT(grown_files_warning(sum).value(), HasSubstr("3 context files ('logs/a\\x0ab' is one) grew while they were sent"));
}

TEST(large_context, names_size_paths_and_lines) {
  filesync::size_profile profile;
  profile.add("web/node_modules/x", 120'000'000, 9'000);
  profile.add("src", 1'000'000, 10);
  const auto text = large_context_warning(sent(121'000'000, 9'010), profile);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("121 MB in 9010 files"));
  EXPECT_THAT(*text, HasSubstr("web/node_modules/ (120 MB)"));
  EXPECT_THAT(*text, HasSubstr("into .dockerignore: web/node_modules."));
  EXPECT_THAT(*text, Not(HasSubstr("src")));
}

TEST(large_context, many_small_files_are_named_by_their_number) {
  filesync::size_profile profile;
  profile.add("cache", 2'000'000, 30'000);
  profile.add_file("movie", 50'000'000);
  const auto text = large_context_warning(sent(52'000'000, 30'001), profile);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("cache/ (30000 files)"));
  EXPECT_THAT(*text, Not(HasSubstr("movie")));
}

TEST(large_context, without_a_profile_it_is_still_said) {
  const auto text = large_context_warning(sent(200'000'000, 1), {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("context ls"));
}

}  // namespace
}  // namespace peelbox::client
