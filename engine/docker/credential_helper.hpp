// The programs docker-credential-NAME.
#pragma once

#include <chrono>
#include <string>

#include "engine/async/failure.hpp"

namespace peelbox::docker {

/// What a helper answered. Both empty: it has no login for this registry.
struct helper_login {
  std::string username;
  std::string secret;
};

/// Runs `docker-credential-NAME get` (found by PATH) with `server` on its stdin and reads its answer. Blocking: call
/// it on a thread of blocking_pool. It ends within `limit`, and at once when the descriptor `stop` (-1: none) becomes
/// readable; the program and its process group are then killed. The child is reaped on every path.
///
/// errc::not_found (no such program), timed_out, cancelled, limit (more than 64 KiB of output), io (it failed: its own
/// words are quoted), protocol (its answer is not understood; it is not quoted, because it may hold the secret).
result<helper_login> run_credential_helper(const std::string& name, const std::string& server,
                                           std::chrono::milliseconds limit, int stop);

}  // namespace peelbox::docker
