#include "cli/voice.hpp"

#include <unistd.h>

#include "engine/async/write_all.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::cli {

void voice::say(std::string_view line) const {
  std::string clean = progress::sanitize(line);
  if (way_) way_(std::move(clean));
  // When the terminal itself is gone, nobody can be told.
  else write_all(STDERR_FILENO, clean + '\n');
}

}  // namespace peelbox::cli
