#include "cli/replace_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace peelbox::cli {

result<void> replace_file(const std::string& path, std::string_view text, const std::string& called) {
  const std::string temporary = fmt::format("{}.{}.tmp", path, getpid());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return errno_failure(errno, called);
  const auto fail = [&](int error) -> result<void> {
    close(fd);
    unlink(temporary.c_str());
    return errno_failure(error, called);
  };
  while (!text.empty()) {
    const ssize_t count = write(fd, text.data(), text.size());
    if (count < 0 && errno != EINTR) return fail(errno);
    if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (fsync(fd) != 0) return fail(errno);
  if (close(fd) != 0 || rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(temporary.c_str());
    return errno_failure(error, called);
  }
  return {};
}

}  // namespace peelbox::cli
