// The platform that a daemon builds for by itself, for builds that name none.
#pragma once

#include "engine/build/solve.hpp"

namespace peelbox::build {

/// Asks for it when a solve depends on it, and gives it to all that do. It is the first of the daemon's first worker
/// (worker/base, client/workers); one that cannot tell is taken to be on a machine like this. Daemons before v0.14 try each
/// processor they could emulate for every such question, some 8 ms, so it runs beside what does not need the answer. Never
/// fails: await_platform() does.
task<result<void>> ask_platform(build_state& state);

/// Waits until `state.request` has its platform. At once when nobody has to be asked.
task<result<void>> await_platform(solve_state& state);

/// Nobody said what this solve is for, and the definition that it hands in is made for the answer.
bool needs_daemon_platform(const solve_options& options);

}  // namespace peelbox::build
