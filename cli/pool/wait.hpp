// Until sets have a pod for a build.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/pool/view.hpp"

namespace peelbox::cli::pool {

/// Waits until the set of each of `archs` has a pod that is ready, or cannot get one: what holds it (kubernetes::hold_clock) ends the wait
/// with its reason. An API server that goes away meanwhile is said and waited for. An exit code, after all errors have been said.
task<int> wait_for_pods(pool_view_ptr pool, std::vector<std::string> archs, std::chrono::steady_clock::time_point until);

}  // namespace peelbox::cli::pool
