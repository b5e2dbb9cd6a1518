// A terminal that is redrawn must be left as it was found, whatever ends the program.
#pragma once

#include <atomic>

namespace peelbox::progress {

/// While it lives there is no cursor and no echo, because both would disturb the picture. Signals still work. The
/// destructor undoes this, and so do deadly signals, Ctrl-Z (until the program continues) and restore_terminal(). Only
/// SIGKILL leaves the terminal changed: `stty sane` repairs it.
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
  /// Promises that all further text has "\r\n" at its line ends. The terminal's driver can then take a long text at once;
  /// otherwise it stops at each line end and wakes the terminal twice. Undone with the rest.
  void lines_are_whole() noexcept;

 private:
  bool active_ = false;
};

/// Undoes what a living guard did, before a call of _exit(). Async-signal-safe.
void restore_terminal() noexcept;

}  // namespace peelbox::progress
