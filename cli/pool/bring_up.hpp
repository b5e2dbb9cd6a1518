// Sets that have no pods get one.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cli/pool/view.hpp"

namespace peelbox::cli::pool {

/// Notes a build and gives a set without pods one, in one patch, for each of `archs`. `until`: waits so long until each has a pod that is
/// ready, or cannot get one. An exit code, after all errors have been said.
task<int> bring_up(pool_view_ptr pool, std::vector<std::string> archs, std::optional<std::chrono::steady_clock::time_point> until);

}  // namespace peelbox::cli::pool
