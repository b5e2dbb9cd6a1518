#include "engine/docker/read_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace peelbox::docker {

result<std::optional<std::string>> read_small_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>();
    return errno_failure(errno, path);
  }
  std::string text;
  std::array<char, 16384> part;
  for (;;) {
    const ssize_t n = ::read(fd, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    const int error = errno;
    if (n <= 0 || text.size() > largest_config_file) ::close(fd);
    if (n < 0) return errno_failure(error, path);
    if (n == 0) return std::optional<std::string>(std::move(text));
    if (text.size() > largest_config_file)
      return failure(errc::limit, fmt::format("{}: it is larger than {} MiB", path, largest_config_file >> 20), origin::user);
    text.append(part.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace peelbox::docker
