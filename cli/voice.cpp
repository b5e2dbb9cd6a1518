#include "cli/voice.hpp"

#include <unistd.h>

#include "engine/progress/sanitize.hpp"

namespace peelbox::cli {

void write_line(int fd, std::string_view line) {
  std::string text(line);
  text.push_back('\n');
  // Nobody can be told when the terminal itself is gone.
  [[maybe_unused]] const ssize_t written = write(fd, text.data(), text.size());
}

void voice::say(std::string_view line) const {
  std::string clean = progress::sanitize(line);
  if (way_) way_(std::move(clean));
  else write_line(STDERR_FILENO, clean);
}

}  // namespace peelbox::cli
