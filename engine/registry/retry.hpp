// Which failures are worth another try, and when. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "engine/async/failure.hpp"
#include "engine/http/message.hpp"

namespace peelbox::registry {

struct retry_policy {
  int tries = 5;                                ///< in all
  std::chrono::milliseconds first{500};         ///< doubled from one to the next
  std::chrono::milliseconds longest{20'000};    ///< also of what a registry asks for; one that asks for more is given up
};

/// How long to wait after the try with this number (from 1) failed; std::nullopt: give up. `jitter` from 0 to 1 takes up
/// to a half off, so that many builds do not come back at the same moment; never from what the registry asked for.
std::optional<std::chrono::milliseconds> wait_after(const retry_policy& policy, int tried, const http::reply& got, double jitter);
std::optional<std::chrono::milliseconds> wait_after(const retry_policy& policy, int tried, const failure& why, double jitter);

/// 408, 429 and those of 5xx that pass: 500, 502, 503, 504.
bool worth_retrying(int status) noexcept;

/// Retry-After in seconds (RFC 9110, 10.2.3); std::nullopt for a date, whose clock may not be ours, and for anything else.
std::optional<std::chrono::seconds> retry_after(std::string_view header);

}  // namespace peelbox::registry
