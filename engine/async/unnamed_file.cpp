#include "engine/async/unnamed_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

namespace peelbox {

namespace {

/// What linkat(2) names it by: AT_EMPTY_PATH is for the privileged.
struct proc_name {
  explicit proc_name(int fd) noexcept { std::snprintf(text.data(), text.size(), "/proc/self/fd/%d", fd); }
  std::array<char, 32> text;
};

/// The file system has no unnamed files, or the kernel does not know them.
bool lacks_unnamed_files(int error) { return error == EOPNOTSUPP || error == EISDIR || error == ENOENT || error == EINVAL; }

}  // namespace

unique_fd open_unnamed(const std::string& directory, mode_t mode) noexcept {
  unique_fd file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, mode));
  if (!file) {
    if (lacks_unnamed_files(errno)) errno = EOPNOTSUPP;
  } else if (::access(proc_name(file.get()).text.data(), F_OK) != 0) {
    file.reset();
    errno = EOPNOTSUPP;
  }
  return file;
}

int name_file(int unnamed, const std::string& path) noexcept {
  return ::linkat(AT_FDCWD, proc_name(unnamed).text.data(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

}  // namespace peelbox
