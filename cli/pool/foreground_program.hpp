// A program that takes our place at the terminal while we serve it.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/failure.hpp"
#include "engine/async/unique_fd.hpp"

namespace peelbox::cli::pool {

/// It has our three standard descriptors, our process group and with it the terminal, so Ctrl-C reaches it as it reaches us; no
/// other descriptors, and default signals. The kernel sends it SIGTERM when we die.
class foreground_program {
 public:
  /// `argv[0]` is looked up in PATH; `variables` are added to the environment. errc::not_found, permission, io.
  static result<foreground_program> start(const std::vector<std::string>& argv,
                                          const std::vector<std::pair<std::string, std::string>>& variables);
  foreground_program(foreground_program&& other) noexcept;
  foreground_program& operator=(foreground_program&&) = delete;
  /// SIGKILL, when it still runs.
  ~foreground_program();

  /// Its exit code, or 128 and the number of the signal that ended it. Passes SIGINT, SIGTERM and SIGHUP on meanwhile, except what the
  /// terminal has sent it already. Not to be cancelled: who wants it to end sends it a signal.
  task<int> wait();

 private:
  foreground_program(pid_t pid, unique_fd ended) : pid_(pid), ended_(std::move(ended)) {}
  pid_t pid_ = 0;
  unique_fd ended_;
};

}  // namespace peelbox::cli::pool
