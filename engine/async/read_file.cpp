#include "engine/async/read_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "engine/async/unique_fd.hpp"

namespace peelbox {

result<std::string> read_file(const std::string& path, std::string_view what, std::size_t most,
                              std::chrono::milliseconds patience) {
  // O_NONBLOCK: opening a fifo would wait for somebody who writes, without a limit.
  const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return errno_failure(errno, what);
  const auto until = std::chrono::steady_clock::now() + patience;
  std::string text;
  std::array<char, 16384> part;
  for (;;) {
    // Before every read: a pipe to which nobody has written yet would look as if it had ended.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    pollfd waiting{fd.get(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, left > 0 ? static_cast<int>(left) : 0);
    if (ready < 0 && errno != EINTR) return errno_failure(errno, what);
    if (ready == 0)
      return failure(errc::timed_out,
                     fmt::format("{}: it is a pipe that nobody has written to its end within {} s", what,
                                 std::chrono::ceil<std::chrono::seconds>(patience).count()),
                     origin::user);
    if (ready < 0) continue;
    const ssize_t n = ::read(fd.get(), part.data(), part.size());
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return errno_failure(errno, what);
    if (n == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(n));
    if (text.size() > most)
      return failure(errc::limit,
                     most >> 20 != 0 ? fmt::format("{}: it is larger than {} MiB", what, most >> 20)
                                     : fmt::format("{}: it is larger than {} KiB", what, most >> 10),
                     origin::user);
  }
}

}  // namespace peelbox
