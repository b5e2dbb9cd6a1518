// A terminal that is redrawn must be left as it was found, whatever ends the program.
#pragma once

#include <atomic>

namespace peelbox::progress {

/// While it lives: no cursor, and typed characters are not shown, because both would run through the picture. Signals
/// still work. The destructor undoes it; so do the deadly signals, Ctrl-Z (and its return makes it again), and
/// restore_terminal(). Only SIGKILL leaves the terminal changed: `stty sane` mends it.
///
/// Does nothing when `fd` is no terminal, and does not touch the settings of one that another job uses. One at a time in
/// a process, since signal handlers have to find it.
class terminal_guard {
 public:
  explicit terminal_guard(int fd);
  ~terminal_guard();
  terminal_guard(const terminal_guard&) = delete;
  terminal_guard& operator=(const terminal_guard&) = delete;

  /// True once after the program was stopped and continued: others have written to the terminal.
  bool came_back() noexcept;
  /// What is written from now on ends its lines with "\r\n" itself. The terminal's driver then takes a long text as a whole; it
  /// would stop at each line end and wake the terminal twice. Undone with the rest.
  void lines_are_whole() noexcept;

 private:
  bool active_ = false;
};

/// Undoes what a living guard did. Async-signal-safe; for those who end the process with _exit().
void restore_terminal() noexcept;

}  // namespace peelbox::progress
