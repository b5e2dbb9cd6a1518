// What a command answers to programs, on standard output.
#pragma once

#include <unistd.h>

#include <string_view>

namespace peelbox::cli {

/// Complete, or error() says why not; then the program's exit code does. After an error nothing more is written. Waits for a
/// slow reader. Any thread, one at a time.
class answer_output {
 public:
  explicit answer_output(int fd = STDOUT_FILENO) : fd_(fd) {}

  /// One line and its end. False: nothing more is taken, so there is no use in going on.
  bool operator()(std::string_view line);
  /// Bytes as they are.
  bool text(std::string_view bytes);
  /// Somebody else, such as a display, could not write to the same output. 0: could.
  void note(int error) noexcept;
  /// After the last byte.
  void finish() noexcept;
  /// The first errno, or 0. EPIPE: whoever read it has left.
  int error() const noexcept { return error_; }

 private:
  int fd_;
  int error_ = 0;
  bool used_ = false;
};

}  // namespace peelbox::cli
