#include "engine/filesync/stat.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace peelbox::filesync {
namespace {

TEST(stat, translates_types_and_special_bits) {
  EXPECT_EQ(go_mode_of(S_IFREG | 0644), 0644U);
  EXPECT_EQ(go_mode_of(S_IFDIR | 01777), go_mode::directory | go_mode::sticky | 0777U);
  EXPECT_EQ(go_mode_of(S_IFREG | 06755), go_mode::setuid | go_mode::setgid | 0755U);
  EXPECT_EQ(go_mode_of(S_IFLNK | 0777), go_mode::symlink | 0777U);
  EXPECT_EQ(go_mode_of(S_IFBLK | 0600), go_mode::device | 0600U);
  EXPECT_EQ(go_mode_of(S_IFCHR | 0600), go_mode::device | go_mode::character | 0600U);
  EXPECT_EQ(go_mode_of(S_IFIFO | 0600), go_mode::fifo | 0600U);
  EXPECT_EQ(go_mode_of(S_IFSOCK | 0600), go_mode::socket | 0600U);
  EXPECT_EQ(go_mode_of(0600), go_mode::irregular | 0600U);
}

TEST(stat, permissions_come_back) {
  for (std::uint32_t bits = 0; bits < 010000; ++bits)
    EXPECT_EQ(posix_permissions(go_mode_of(S_IFREG | bits)), bits);
}

TEST(stat, who_may_be_asked_for_data) {
  EXPECT_TRUE((stat_entry{.mode = 0644}).has_data());
  EXPECT_FALSE((stat_entry{.mode = 0644, .linkname = "x"}).has_data());
  EXPECT_TRUE((stat_entry{.mode = 0644, .linkname = "x"}).is_hard_link());
  EXPECT_FALSE((stat_entry{.mode = go_mode::symlink, .linkname = "x"}).is_hard_link());
  EXPECT_FALSE((stat_entry{.mode = go_mode::directory}).has_data());
  EXPECT_FALSE((stat_entry{.mode = go_mode::fifo}).has_data());
  EXPECT_TRUE((stat_entry{.mode = go_mode::setuid | 0755}).has_data());
}

TEST(stat, device_numbers) {
  EXPECT_EQ(device_major(makedev(8, 1)), 8);
  EXPECT_EQ(device_minor(makedev(8, 1)), 1);
  EXPECT_EQ(device_minor(makedev(259, 70000)), 70000);
}

}  // namespace
}  // namespace peelbox::filesync
