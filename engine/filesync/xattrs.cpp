#include "engine/filesync/xattrs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>

namespace peelbox::filesync {

namespace {

// Linux 6.13; the numbers are the same on every architecture. Headers of this age do not have them.
constexpr long sys_getxattrat = 464;
constexpr long sys_listxattrat = 465;
struct xattr_args {
  std::uint64_t value;
  std::uint32_t size;
  std::uint32_t flags;
};

std::atomic<bool> has_xattrat{true};

bool missing(int error) noexcept { return error == ENOSYS || error == EPERM; }

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
  return ::llistxattr(proc_path(directory, name).c_str(), buffer, size);
}

ssize_t get_value(int directory, std::string_view name, const char* attribute, char* buffer,
                  std::size_t size) {
  if (has_xattrat.load(std::memory_order_relaxed)) {
    xattr_args args{reinterpret_cast<std::uint64_t>(buffer), static_cast<std::uint32_t>(size), 0};
    return ::syscall(sys_getxattrat, directory, name.data(), AT_SYMLINK_NOFOLLOW, attribute, &args,
                     sizeof args);
  }
  return ::lgetxattr(proc_path(directory, name).c_str(), attribute, buffer, size);
}

constexpr std::size_t largest = 64 * 1024;  // XATTR_LIST_MAX and XATTR_SIZE_MAX of Linux

}  // namespace

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
