// Well-known failures: what they mean and what helps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::build {

/// `cause` is one sentence; `advice` what to try. Both are ours, but may quote a name from the daemon's text.
struct error_hint {
  std::string cause;
  std::string advice;
};

struct hint_question {
  errc code = errc::internal;
  std::string_view message;                 ///< of the failure
  std::optional<std::int64_t> exit_code;    ///< of the failed process
  std::vector<std::string_view> log_tail;   ///< its last lines, oldest first
};

/// The first entry that fits, from the most specific to the most general; none when nothing is known.
std::optional<error_hint> find_hint(const hint_question& about);

}  // namespace peelbox::build
