#include "engine/filesync/xattrs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>

#include "engine/async/unique_fd.hpp"
#include "engine/filesync/path_memory.hpp"

namespace peelbox::filesync {

namespace {

// Linux 6.13. The numbers are the same on every architecture; older headers do not have them.
constexpr long sys_getxattrat = 464;
constexpr long sys_listxattrat = 465;
struct xattr_args {
  std::uint64_t value;
  std::uint32_t size;
  std::uint32_t flags;
};

std::atomic<bool> has_xattrat{true};

bool missing(int error) noexcept { return error == ENOSYS || error == EPERM; }

// The working directory of a thread, apart from that of the process.
class thread_place {
 public:
  void begin_visit() noexcept { ++visits_; }
  void end_visit() noexcept {
    if (--visits_ == 0) go_home();
  }
  bool go_to(int directory) noexcept {
    if (at_ == directory) return true;
    if (!may_move() || ::fchdir(directory) != 0) return false;
    at_ = directory;
    return true;
  }
  // Unless it stays for the next entry.
  void leave() noexcept {
    if (visits_ == 0) go_home();
  }

 private:
  bool may_move() noexcept {
    if (!asked_) {
      asked_ = true;
      home_ = unique_fd(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
      // Container sandboxes refuse it, and a working directory that we cannot enter is none to come back to.
      if (home_ && (::unshare(CLONE_FS) != 0 || ::fchdir(home_.get()) != 0)) home_ = unique_fd();
    }
    return static_cast<bool>(home_);
  }
  void go_home() noexcept {
    if (at_ != -1 && ::fchdir(home_.get()) == 0) at_ = -1;
  }

  bool asked_ = false;
  unique_fd home_;
  int at_ = -1;  // the directory's descriptor
  unsigned visits_ = 0;
};

thread_local thread_place here;

// A path to an entry below an open directory for the calls that take no directory.
std::string proc_path(int directory, std::string_view name) {
  return fmt::format("/proc/self/fd/{}/{}", directory, name);
}

ssize_t list_names(int directory, std::string_view name, char* buffer, std::size_t size) {
  if (has_xattrat.load(std::memory_order_relaxed)) {
    const long count = ::syscall(sys_listxattrat, directory, name.data(), AT_SYMLINK_NOFOLLOW, buffer, size);
    if (count >= 0 || !missing(errno)) return count;
    has_xattrat.store(false, std::memory_order_relaxed);
  }
  if (!here.go_to(directory)) return ::llistxattr(proc_path(directory, name).c_str(), buffer, size);
  const ssize_t count = ::llistxattr(name.data(), buffer, size);
  const int error = errno;
  here.leave();
  errno = error;
  return count;
}

ssize_t get_value(int directory, std::string_view name, const char* attribute, char* buffer,
                  std::size_t size) {
  if (has_xattrat.load(std::memory_order_relaxed)) {
    xattr_args args{reinterpret_cast<std::uint64_t>(buffer), static_cast<std::uint32_t>(size), 0};
    return ::syscall(sys_getxattrat, directory, name.data(), AT_SYMLINK_NOFOLLOW, attribute, &args,
                     sizeof args);
  }
  if (!here.go_to(directory)) return ::lgetxattr(proc_path(directory, name).c_str(), attribute, buffer, size);
  const ssize_t count = ::lgetxattr(name.data(), attribute, buffer, size);
  const int error = errno;
  here.leave();
  errno = error;
  return count;
}

constexpr std::size_t largest = 64 * 1024;  // XATTR_LIST_MAX and XATTR_SIZE_MAX of Linux

}  // namespace

xattr_visit::xattr_visit() noexcept { here.begin_visit(); }
xattr_visit::~xattr_visit() { here.end_visit(); }

int read_xattrs(int directory, std::string_view name, entry_xattrs& out) {
  std::array<char, 1024> small;
  std::string large;
  const char* names = small.data();
  ssize_t count = list_names(directory, name, small.data(), small.size());
  if (count < 0 && errno == ERANGE) {
    large.resize(largest);
    count = list_names(directory, name, large.data(), large.size());
    names = large.data();
  }
  if (count < 0) return errno;
  if (count == 0) {
    out.none = true;
    return 0;
  }
  std::string value(largest, '\0');
  const std::string_view all(names, static_cast<std::size_t>(count));
  for (std::size_t at = 0; at < all.size();) {
    const std::string attribute(all.substr(at, all.find('\0', at) - at));
    at += attribute.size() + 1;
    if (attribute.empty() || attribute.starts_with("com.apple.")) continue;
    const ssize_t size = get_value(directory, name, attribute.c_str(), value.data(), value.size());
    if (size >= 0) out.values.emplace_back(attribute, value.substr(0, static_cast<std::size_t>(size)));
  }
  std::sort(out.values.begin(), out.values.end());
  return 0;
}

std::uint32_t xattr_view() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  struct stat users {};
  std::uint64_t told[2] = {};
  if (::syscall(SYS_capget, &header, data.data()) == 0) told[0] = data[0].effective & 1U << CAP_SYS_ADMIN;
  if (::stat("/proc/self/ns/user", &users) == 0) told[1] = users.st_ino;
  return static_cast<std::uint32_t>(quick_hash(told, sizeof told)) | 1U;
}

bool xattrs_change_times(std::uint32_t file_system, std::string_view kernel_release) noexcept {
  // linux/magic.h: ext2 to 4, xfs, btrfs, and squashfs and erofs, which never change; tmpfs and overlayfs.
  constexpr std::array<std::uint32_t, 5> always{0xEF53, 0x58465342, 0x9123683E, 0x73717368, 0xE0F5E1E2};
  constexpr std::array<std::uint32_t, 2> since_6_6{0x01021994, 0x794C7630};
  if (std::find(always.begin(), always.end(), file_system) != always.end()) return true;
  if (std::find(since_6_6.begin(), since_6_6.end(), file_system) == since_6_6.end()) return false;
  unsigned major = 0;
  unsigned minor = 0;
  const char* const end = kernel_release.data() + kernel_release.size();
  const auto first = std::from_chars(kernel_release.data(), end, major);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return false;
  if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc()) return false;
  return major > 6 || (major == 6 && minor >= 6);
}

void write_xattrs(int directory, const std::string& name, const xattr_list& attributes) noexcept {
  if (attributes.empty()) return;
  const std::string path = proc_path(directory, name);
  for (const auto& [attribute, value] : attributes) {
    ::lsetxattr(path.c_str(), attribute.c_str(), value.data(), value.size(), 0);
  }
}

}  // namespace peelbox::filesync
