// Well-known failures: what they mean and what helps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::client {

/// `cause` is one sentence; `advice` what to try. Both are ours, but may quote a name from the daemon's text.
struct error_hint {
  std::string cause;
  std::string advice;
};

struct log_line {
  int stream = 1;  ///< 2 is standard error
  std::string_view text;
};

/// What a hint may be drawn from. Words of the user stand in most of it (commands, names of files and images,
/// output), so a hint looks at codes and at the places where the daemon or a well-known program puts its own
/// words, never for a word anywhere.
struct hint_question {
  errc code = errc::internal;
  origin who = origin::us;
  /// Of our own side; of the daemon when `code` is errc::remote.
  std::string_view message;
  int status = 0;                         ///< gRPC code of the daemon's answer, 0 without one
  std::optional<std::int64_t> exit_code;  ///< of the failed process
  std::vector<log_line> log_tail;         ///< its last lines, oldest first
};

/// The first entry that fits, from the most specific to the most general; none when nothing is known.
std::optional<error_hint> find_hint(const hint_question& about);

}  // namespace peelbox::client
