// Bytes to a terminal, pipe or file that may be slow or gone.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/async/asio.hpp"

namespace peelbox::progress {

/// What can be written without waiting is written at once (prompt_output.hpp), since handing text to another processor costs
/// more than writing it. The rest is written by a thread of its own, which the first rest starts, as much at a time as the output
/// takes, so neither the network thread nor the end of the program waits for a stopped terminal. The descriptor is not
/// owned and its flags are not touched. A write error (EPIPE, ENOSPC …) ends the output. All calls on the executor's thread.
class fd_writer {
 public:
  fd_writer(executor ex, int fd);
  /// Waits up to 100 ms for what is unwritten, then drops it.
  ~fd_writer();
  fd_writer(const fd_writer&) = delete;
  fd_writer& operator=(const fd_writer&) = delete;

  /// Takes the content of `bytes` and clears it; its memory stays with the caller. What cannot be written at once is copied.
  void write(std::string& bytes);
  std::size_t unwritten() const;
  /// True when the other end is closed: everything from now on is dropped.
  bool gone() const;
  /// The errno of the write that ended the output, or 0.
  int error() const;
  /// Waits until at most `bytes` are unwritten; false when `limit` passed first.
  task<bool> drained_to(std::size_t bytes, std::chrono::steady_clock::duration limit);

 private:
  struct shared;
  static std::optional<std::size_t> write_polled(shared& state, std::string_view bytes);
  static void work(std::shared_ptr<shared> state);

  std::shared_ptr<shared> state_;
};

}  // namespace peelbox::progress
