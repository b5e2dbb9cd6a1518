// What a file descriptor is connected to.
#pragma once

namespace peelbox::progress {

struct terminal_info {
  bool is_terminal = false;
  bool can_redraw = false;  ///< a terminal that understands cursor movement: TERM is neither "dumb" nor empty
  unsigned columns = 80;
  unsigned rows = 24;
};

/// Asks the kernel; never fails: what is not a terminal is 80 x 24.
terminal_info look_at_terminal(int fd) noexcept;

}  // namespace peelbox::progress
