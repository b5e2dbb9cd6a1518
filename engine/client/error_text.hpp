// A failed build as text for people.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/client/left_out.hpp"
#include "engine/progress/trace.hpp"

namespace peelbox::client {

struct error_text_options {
  bool log_lines = true;          ///< false when the display has shown them already
  std::size_t most_log_lines = 10;
  std::size_t most_message_bytes = 16 * 1024;
  /// A file that the step missed because of an ignore rule, if there is one.
  std::optional<left_out_file> left_out;
};

/// The paths that the failed step missed, judged by its last log lines and the message; for find_left_out(). `directory` is
/// where the build has the context.
std::vector<std::string> paths_missed(const failure& why, const progress::trace& picture, std::string_view directory);

/// What to do about output that the daemon left out; `notice` is the daemon's line about it.
std::string clipped_advice(std::string_view notice);

/// The message alone, as error_text() begins, with the command as the spec has it.
std::string error_message(const failure& why, const progress::trace& picture, std::size_t most_bytes = 16 * 1024);

/// Where a failed build says that its fault is: a line of a file that a frontend read, such as a Dockerfile. Untrusted.
struct source_place {
  std::string file;
  std::size_t line = 0;  ///< from 1
};
std::optional<source_place> place_in_source(const failure& why);

/// Several lines, without a line end at the end: what failed, then, if they are known, the step, its command and exit code,
/// the place in a source file, the last log lines, the likely cause and what to try.
/// `picture` is what the display has seen; it has names and logs, which are found by the digest that the daemon reports.
/// Pure, total over hostile texts, and harmless to print.
std::string error_text(const failure& why, const progress::trace& picture, const error_text_options& options = {});

}  // namespace peelbox::client
