// The pod for the next build.
#pragma once

#include <optional>
#include <vector>

#include "cli/pool/view.hpp"

namespace peelbox::cli::pool {

/// One of `pods` by the policy of the arguments; std::nullopt when none is usable. For least-busy the daemons of the two best are asked,
/// and what they say is put into `pods`.
task<std::optional<kubernetes::pool_pod>> choose(pool_view_ptr pool, std::vector<kubernetes::pool_pod>& pods);

}  // namespace peelbox::cli::pool
