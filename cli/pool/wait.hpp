// Until sets have a pod for a build.
#pragma once

#include <chrono>

#include "cli/pool/view.hpp"

namespace peelbox::cli::pool {

/// Waits until each set of the arguments has a pod that is ready, or cannot get one: what holds it (kubernetes::hold_clock) ends the wait
/// with its reason. An API server that goes away meanwhile is said and waited for. An exit code, after all errors have been said.
task<int> wait_for_pods(pool_view_ptr pool, std::chrono::steady_clock::time_point until);

}  // namespace peelbox::cli::pool
