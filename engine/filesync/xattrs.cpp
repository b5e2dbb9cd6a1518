#include "engine/filesync/xattrs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>

#include "engine/async/unique_fd.hpp"

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

thread_local thread_place place;

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
  if (!place.go_to(directory)) return ::llistxattr(proc_path(directory, name).c_str(), buffer, size);
  const ssize_t count = ::llistxattr(name.data(), buffer, size);
  const int error = errno;
  place.leave();
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
  if (!place.go_to(directory)) return ::lgetxattr(proc_path(directory, name).c_str(), attribute, buffer, size);
  const ssize_t count = ::lgetxattr(name.data(), attribute, buffer, size);
  const int error = errno;
  place.leave();
  errno = error;
  return count;
}

constexpr std::size_t largest = 64 * 1024;  // XATTR_LIST_MAX and XATTR_SIZE_MAX of Linux

}  // namespace

xattr_visit::xattr_visit() noexcept { place.begin_visit(); }
xattr_visit::~xattr_visit() { place.end_visit(); }

int read_xattrs(int directory, std::string_view name, xattr_list& out) {
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
  if (count == 0) return 0;
  std::string value(largest, '\0');
  const std::string_view all(names, static_cast<std::size_t>(count));
  for (std::size_t at = 0; at < all.size();) {
    const std::string attribute(all.substr(at, all.find('\0', at) - at));
    at += attribute.size() + 1;
    if (attribute.empty() || attribute.starts_with("com.apple.")) continue;
    const ssize_t size = get_value(directory, name, attribute.c_str(), value.data(), value.size());
    if (size >= 0) out.emplace_back(attribute, value.substr(0, static_cast<std::size_t>(size)));
  }
  std::sort(out.begin(), out.end());
  return 0;
}

void write_xattrs(int directory, const std::string& name, const xattr_list& attributes) noexcept {
  if (attributes.empty()) return;
  const std::string path = proc_path(directory, name);
  for (const auto& [attribute, value] : attributes) {
    ::lsetxattr(path.c_str(), attribute.c_str(), value.data(), value.size(), 0);
  }
}

}  // namespace peelbox::filesync
