// The platform that a daemon builds for by itself, for builds that name none.
#pragma once

#include "engine/client/solve.hpp"

namespace peelbox::client {

/// Asks for it when a solve depends on it. It is the first of the daemon's first worker (worker/base, client/workers); one
/// that cannot tell is taken to be on a machine like this. Daemons before v0.14 try each processor that they could emulate for
/// every such question, some 8 ms, so it runs beside what does not need the answer. Never fails: daemon_platform() does.
task<result<void>> ask_platform(build_state& state);

/// Waits for the answer.
task<result<oci::platform>> daemon_platform(build_state& state);

}  // namespace peelbox::client
