#include "engine/filesync/stat.hpp"

#include <sys/stat.h>

namespace peelbox::filesync {

namespace {

std::uint32_t type_bits(std::uint32_t posix_mode) noexcept {
  switch (posix_mode & S_IFMT) {
    case S_IFREG:
      return 0;
    case S_IFDIR:
      return go_mode::directory;
    case S_IFLNK:
      return go_mode::symlink;
    case S_IFBLK:
      return go_mode::device;
    case S_IFCHR:
      return go_mode::device | go_mode::character;
    case S_IFIFO:
      return go_mode::fifo;
    case S_IFSOCK:
      return go_mode::socket;
    default:
      return go_mode::irregular;
  }
}

}  // namespace

std::uint32_t go_mode_of(std::uint32_t posix_mode) noexcept {
  std::uint32_t mode = type_bits(posix_mode) | (posix_mode & go_mode::permissions);
  if (posix_mode & S_ISUID) mode |= go_mode::setuid;
  if (posix_mode & S_ISGID) mode |= go_mode::setgid;
  if (posix_mode & S_ISVTX) mode |= go_mode::sticky;
  return mode;
}

std::uint32_t posix_permissions(std::uint32_t mode) noexcept {
  std::uint32_t bits = mode & go_mode::permissions;
  if (mode & go_mode::setuid) bits |= S_ISUID;
  if (mode & go_mode::setgid) bits |= S_ISGID;
  if (mode & go_mode::sticky) bits |= S_ISVTX;
  return bits;
}

std::int64_t device_major(std::uint64_t rdev) noexcept {
  return static_cast<std::int64_t>((rdev >> 8) & 0xfff);
}

std::int64_t device_minor(std::uint64_t rdev) noexcept {
  return static_cast<std::int64_t>((rdev & 0xff) | ((rdev >> 12) & 0xfff00));
}

}  // namespace peelbox::filesync
