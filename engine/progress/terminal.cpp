#include "engine/progress/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace peelbox::progress {

terminal_info look_at_terminal(int fd) noexcept {
  terminal_info info;
  info.is_terminal = ::isatty(fd) == 1;
  // Without a name nothing is known of what the terminal can do.
  const char* const name = std::getenv("TERM");
  const std::string_view term = name ? name : "";
  info.can_redraw = info.is_terminal && !term.empty() && term != "dumb";
  winsize size{};
  if (info.is_terminal && ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    info.columns = size.ws_col;
    info.rows = size.ws_row;
  }
  return info;
}

}  // namespace peelbox::progress
