#include "engine/filesync/announced_times.hpp"

#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/filesync/xattrs.hpp"

namespace peelbox::filesync {

namespace {

constexpr std::int64_t second = 1'000'000'000;
/// Local file systems whose inodes get a change time from this kernel's clock with each change, and from nothing else
/// (linux/magic.h and the file systems' own headers): ext2 to 4, xfs, btrfs, tmpfs, ramfs, overlayfs, f2fs, zfs, bcachefs,
/// jfs, nilfs2, and two that never change.
constexpr std::array<std::uint32_t, 13> trusted{0xEF53,     0x58465342, 0x9123683E, 0x01021994, 0x858458F6,
                                                0x794C7630, 0xF2F52010, 0x2FC12FC1, 0xCA451A4E, 0x3153464A,
                                                0x3434,     0xE0F5E1E2, 0x73717368};

/// Another layout has another one.
constexpr std::uint64_t times_kind = 0x32'65'6D'69'74'6C'62'70U;

}  // namespace

std::optional<std::uint64_t> trusted_device(const std::string& directory) {
  struct statfs file_system {};
  struct stat root {};
  if (::statfs(directory.c_str(), &file_system) != 0 || ::stat(directory.c_str(), &root) != 0) return std::nullopt;
  if (std::find(trusted.begin(), trusted.end(), static_cast<std::uint32_t>(file_system.f_type)) == trusted.end())
    return std::nullopt;
  return root.st_dev;
}

bool tells_xattrs(const std::string& directory) {
  struct statfs file_system {};
  struct utsname kernel {};
  return ::statfs(directory.c_str(), &file_system) == 0 && ::uname(&kernel) == 0 &&
         xattrs_change_times(static_cast<std::uint32_t>(file_system.f_type), kernel.release);
}

std::int64_t shifted_time(const file_numbers& now) noexcept {
  std::int64_t part = now.mod_time % second;
  if (part < 0) part += second;
  const std::uint64_t numbers[] = {static_cast<std::uint64_t>(now.mod_time), static_cast<std::uint64_t>(now.change_time), now.inode};
  // From 1 to a second less a nanosecond, so never the time itself.
  const auto shift = static_cast<std::int64_t>(1 + quick_hash(numbers, sizeof numbers) % static_cast<std::uint64_t>(second - 1));
  return now.mod_time - part + (part + shift) % second;
}

std::uint64_t plain_number(const file_numbers& now, std::uint32_t view) noexcept {
  const std::uint64_t numbers[] = {static_cast<std::uint64_t>(now.change_time), now.inode, view};
  return quick_hash(numbers, sizeof numbers) >> 1 | 1U;
}

time_decision decide_time(const remembered_file* before, std::uint64_t path, std::int64_t size, const file_numbers& now,
                          std::uint64_t plain) noexcept {
  constexpr std::uint64_t all_of_it = ~std::uint64_t{0} >> 1;
  time_decision decision;
  decision.mod_time = now.mod_time;
  const bool same = before != nullptr && before->size == size && before->mod_time == now.mod_time;
  if (!same) {
    decision.remember = true;
    const bool back = before != nullptr && (before->went_back != 0 || now.mod_time <= before->mod_time);
    decision.record = {path, size, now.mod_time, now.change_time, now.inode, back ? 1U : 0U, plain & all_of_it};
    if (back) decision.mod_time = shifted_time(now);
    return decision;
  }
  if (before->went_back != 0 || before->change_time != now.change_time || before->inode != now.inode)
    decision.mod_time = shifted_time(now);
  if (plain != 0 && before->plain != plain) {
    decision.remember = true;
    decision.record = *before;
    decision.record.plain = plain & all_of_it;
  }
  return decision;
}

announced_times::announced_times(std::string file, std::uint64_t device, bool tells)
    : device_(device), view_(tells ? xattr_view() : 0), memory_(std::move(file), times_kind) {}

std::int64_t announced_times::time_of(std::string_view path, std::int64_t size, std::uint64_t device,
                                      const file_numbers& now, bool plain) const {
  if (device != device_) return now.mod_time;
  const std::uint64_t key = quick_hash(path);
  const time_decision decision = decide_time(memory_.find(key), key, size, now, plain && view_ != 0 ? plain_number(now, view_) : 0);
  if (decision.remember) memory_.put(decision.record);
  return decision.mod_time;
}

bool announced_times::is_plain(const std::string& path, std::uint64_t device, const file_numbers& now) const {
  if (view_ == 0 || device != device_) return false;
  const remembered_file* const known = memory_.find(quick_hash(path));
  return known != nullptr && known->plain == plain_number(now, view_);
}

}  // namespace peelbox::filesync
