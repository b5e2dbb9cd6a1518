// A child process that never outlives its owner.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/async/unique_fd.hpp"
#include "transport/become.hpp"

namespace peelbox::transport {

/// A program in a session of its own, with the environment of ours, default signals and no descriptor but its three. It
/// has no controlling terminal: Ctrl-C reaches only us, who end it in good order, and a program that wants to ask
/// something fails at once instead of being stopped for reading the terminal from the background. It is also ended by the
/// kernel when the thread that started it dies (PR_SET_PDEATHSIG), so that a killed parent leaves nothing behind.
///
/// Its exit code is lost when the embedding process ignores SIGCHLD; then it counts as failed.
class child_process {
 public:
  child_process() = default;
  child_process(child_process&& other) noexcept;
  child_process& operator=(child_process&& other) noexcept;
  /// stop() with a short patience.
  ~child_process();

  /// `argv[0]` is looked up in PATH. errc::not_found when there is no such program, errc::permission, errc::io.
  /// `parent_death_signal`: what the kernel sends when we die.
  static result<child_process> start(const std::vector<std::string>& argv, child_descriptors use,
                                     int parent_death_signal);

  /// The same, with a guardian process as parent: when this object or our whole process goes away, in whatever way, the
  /// guardian sends SIGTERM to the program's group, waits up to `grace`, and kills all that is left, including processes
  /// that have left the group. pid() is the guardian.
  static result<child_process> start_guarded(const std::vector<std::string>& argv, child_descriptors use,
                                             std::chrono::milliseconds grace);

  pid_t pid() const noexcept { return pid_; }
  /// Whether it has ended; then it has been reaped, and end_text() tells how it ended.
  bool poll_ended();
  /// Readable once it has ended; -1 on kernels before 5.3, where poll_ended() has to be asked again and again.
  int exit_descriptor() const noexcept { return exit_.get(); }
  /// "exit code 1", "signal 9".
  std::string end_text() const;
  bool succeeded() const noexcept { return ended_ && told_ && status_ == 0; }

  /// Sends SIGTERM to its group (or lets the guardian do it) and SIGKILL after `patience`, and reaps it. Blocks for about
  /// `patience` at most.
  void stop(std::chrono::milliseconds patience) noexcept;

 private:
  template <class Become>
  static result<child_process> start_in(const std::vector<std::string>& argv, Become in_child);

  pid_t pid_ = -1;
  bool ended_ = true;
  bool told_ = false;
  int status_ = 0;
  unique_fd exit_;
  /// The guardian reads the other end, which ends when we are gone.
  int lifeline_ = -1;
};

}  // namespace peelbox::transport
