// Bytes to a terminal, pipe or file that may be slow or gone.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "engine/async/asio.hpp"

namespace peelbox::progress {

/// Terminals, pipes and sockets are written on a thread of its own, which the first write starts, and in pieces that a
/// polled pipe takes whole, so neither the network thread nor the end of the program waits for a stopped terminal. Files and
/// /dev/null are written at once: nobody has to read them first, and handing the text to another processor cost more than
/// writing it. The descriptor is not owned and its flags are not touched. Write errors (EPIPE, ENOSPC …) end the output silently.
/// All calls on the executor's thread.
class fd_writer {
 public:
  fd_writer(executor ex, int fd);
  /// Gives what is unwritten 100 ms more, then leaves it.
  ~fd_writer();
  fd_writer(const fd_writer&) = delete;
  fd_writer& operator=(const fd_writer&) = delete;

  /// Takes `bytes` and leaves it empty, with its memory or that of an earlier call where that is free.
  void write(std::string& bytes);
  std::size_t unwritten() const;
  /// The other end is closed; everything from now on is dropped.
  bool gone() const;
  /// Waits until at most `bytes` are unwritten; false when `limit` passed first.
  task<bool> drained_to(std::size_t bytes, std::chrono::steady_clock::duration limit);

 private:
  struct shared;
  static void work(std::shared_ptr<shared> state);

  std::shared_ptr<shared> state_;
};

}  // namespace peelbox::progress
