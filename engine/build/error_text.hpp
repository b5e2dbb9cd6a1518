// A failed build as text for people.
#pragma once

#include <cstddef>
#include <string>

#include "engine/async/failure.hpp"
#include "engine/progress/trace.hpp"

namespace peelbox::build {

struct error_text_options {
  bool log_lines = true;          ///< false when the display has shown them already
  std::size_t most_log_lines = 10;
  std::size_t most_message_bytes = 16 * 1024;
};

/// Several lines without a line end at the end: what failed, then, as far as it is known, the step, its command and exit
/// code, the place in a source file, the last log lines, the likely cause and what to try.
/// `picture` is what the display has seen; names and logs are found in it by the digest that the daemon reports. Pure, total
/// over hostile texts, and harmless to print.
std::string error_text(const failure& why, const progress::trace& picture, const error_text_options& options = {});

}  // namespace peelbox::build
