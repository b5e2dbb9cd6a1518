// File descriptors, and opening paths that must stay below a directory.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

#include "engine/async/failure.hpp"

namespace peelbox::filesync {

/// Owns a descriptor.
class unique_fd {
 public:
  unique_fd() = default;
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~unique_fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Reason of an errno. Also ELOOP, which here means that a link stands where none was announced, is
/// errc::not_found.
failure errno_reason(int error_number);

/// Opens `path` ("" is the directory itself) below `root`, following no link on the way and none at its end;
/// gives the descriptor or -1 with errno. Paths longer than the system takes in one piece are walked name by
/// name. O_CLOEXEC is added to `flags`.
int open_beneath(int root, const std::string& path, int flags) noexcept;

}  // namespace peelbox::filesync
