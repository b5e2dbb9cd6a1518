// Writing without waiting, whatever the output is.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace peelbox::progress {

/// Writes what an output takes at once, without changing flags that other programs share: files and /dev/null as they are, sockets
/// with MSG_DONTWAIT, terminals and pipes through a file description of its own, opened with O_NONBLOCK. Raises no SIGPIPE. The
/// descriptor is not owned and must stay open. Any thread, one at a time.
class prompt_output {
 public:
  explicit prompt_output(int fd);
  ~prompt_output();
  prompt_output(const prompt_output&) = delete;
  prompt_output& operator=(const prompt_output&) = delete;

  /// How many of the first bytes were written: fewer than all when more would have to wait, none when this output cannot be
  /// written without (another user's terminal, or no /proc). Nothing: it takes no more, and errno
  /// says why (EPIPE, ENOSPC …).
  std::optional<std::size_t> write(std::string_view bytes);

 private:
  enum class way { file, socket, own_description, none };

  int fd_;
  way way_ = way::none;
};

}  // namespace peelbox::progress
