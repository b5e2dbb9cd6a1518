// What a tree entry looks like on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace peelbox::filesync {

/// Bits of Stat.mode. They are those of Go's os.FileMode, not of POSIX st_mode (fsutil/stat.go).
namespace go_mode {
inline constexpr std::uint32_t directory = 1U << 31;
inline constexpr std::uint32_t symlink = 1U << 27;
inline constexpr std::uint32_t device = 1U
                                        << 26;  ///< block device; with `character` also set: character device
inline constexpr std::uint32_t fifo = 1U << 25;
inline constexpr std::uint32_t socket = 1U << 24;
inline constexpr std::uint32_t setuid = 1U << 23;
inline constexpr std::uint32_t setgid = 1U << 22;
inline constexpr std::uint32_t character = 1U << 21;
inline constexpr std::uint32_t sticky = 1U << 20;
inline constexpr std::uint32_t irregular = 1U << 19;
inline constexpr std::uint32_t type_mask =
    directory | symlink | device | fifo | socket | character | irregular;
inline constexpr std::uint32_t permissions = 0777;
}  // namespace go_mode

/// st_mode -> Go mode bits. A file type that POSIX does not know becomes `irregular`.
std::uint32_t go_mode_of(std::uint32_t posix_mode) noexcept;
/// Go mode bits -> permission, setuid, setgid and sticky bits as chmod(2) takes them.
std::uint32_t posix_permissions(std::uint32_t mode) noexcept;

/// fsutil.types.Stat. Strings are arbitrary bytes.
struct stat_entry {
  std::string path = {};   ///< relative to the root, '/' between names
  std::uint32_t mode = 0;  ///< go_mode bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int64_t size = 0;      ///< 0 for everything but regular files and symlinks
  std::int64_t mod_time = 0;  ///< nanoseconds since the epoch, may be negative
  std::string linkname = {};  ///< text of a symlink, or the path that a hard link is another name of
  std::int64_t dev_major = 0;
  std::int64_t dev_minor = 0;
  std::vector<std::pair<std::string, std::string>> xattrs = {};  ///< sorted by name

  bool is_directory() const noexcept { return (mode & go_mode::directory) != 0; }
  bool is_symlink() const noexcept { return (mode & go_mode::symlink) != 0; }
  bool is_regular() const noexcept { return (mode & go_mode::type_mask) == 0; }
  bool is_hard_link() const noexcept { return is_regular() && !linkname.empty(); }
  /// Whether the peer may request contents. Both sides must agree on this rule (fsutil/receive.go).
  bool has_data() const noexcept { return is_regular() && linkname.empty(); }

  bool operator==(const stat_entry&) const = default;
};

/// Whether an entry of that mode may be announced: the peer fails for one of a type that it does not know.
constexpr bool can_be_sent(std::uint32_t mode) noexcept { return (mode & (go_mode::socket | go_mode::irregular)) == 0; }

/// Device number -> the two numbers of Stat, as the reference splits them (fsutil/stat_unix.go).
std::int64_t device_major(std::uint64_t rdev) noexcept;
std::int64_t device_minor(std::uint64_t rdev) noexcept;

}  // namespace peelbox::filesync
