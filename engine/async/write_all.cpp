#include "engine/async/write_all.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace peelbox {

void wait_writable(int fd) noexcept {
  pollfd one{fd, POLLOUT, 0};
  // Whatever it says, the next write tells.
  ::poll(&one, 1, -1);
}

int write_all(int fd, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (written == 0) {
      return EIO;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_writable(fd);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

int flush_errors(int fd) noexcept {
  // The kernel flushes at every close(), also at that of a duplicate.
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return 0;
  return ::close(copy) == 0 || errno == EINTR ? 0 : errno;
}

}  // namespace peelbox
