#include "cli/voice.hpp"

#include <unistd.h>

#include "engine/async/write_all.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::cli {

void voice::say(std::string_view line) const {
  std::string clean = progress::sanitize(line);
  progress::disarm(ci_, clean);
  write(std::move(clean));
}

void voice::remark(std::string_view line) const { write(progress::sanitize(line)); }

void voice::write(std::string line) const {
  if (way_) way_(std::move(line));
  // When the terminal itself is gone, nobody can be told.
  else write_all(STDERR_FILENO, line + '\n');
}

}  // namespace peelbox::cli
