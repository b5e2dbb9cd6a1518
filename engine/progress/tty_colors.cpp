#include <cstdlib>
#include <string_view>

#include "engine/progress/renderer.hpp"

namespace peelbox::progress {

tty_colors colors_for(const char* colorfgbg) {
  const std::string_view all = colorfgbg == nullptr ? std::string_view() : colorfgbg;
  const std::size_t last = all.rfind(';');
  const std::string_view background = last == std::string_view::npos ? std::string_view() : all.substr(last + 1);
  tty_colors colors;
  colors.faint = "\x1b[2m";
  if (background == "7" || background == "15") {  // light
    colors.done = "\x1b[34m";
    colors.failed = "\x1b[31m";
    colors.cancelled = "\x1b[35m";
  } else if (background.size() == 1) {  // 0 to 6 and 8: dark
    colors.done = "\x1b[36m";
    colors.failed = "\x1b[91m";
    colors.cancelled = "\x1b[33m";
  } else {
    colors.done = "\x1b[32m";
    colors.failed = "\x1b[31m";
    colors.cancelled = "\x1b[35m";
  }
  return colors;
}

}  // namespace peelbox::progress
