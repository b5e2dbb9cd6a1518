// The pod for the next build.
#pragma once

#include <optional>
#include <vector>

#include "cli/pool/view.hpp"

namespace peelbox::cli::pool {

/// One of `pods` by the policy of the arguments; std::nullopt when none is usable. The daemons of the two best for least-busy,
/// of up to eight for sticky are asked, and what they say is put into `pods`.
task<std::optional<kubernetes::pool_pod>> choose(pool_view_ptr pool, std::vector<kubernetes::pool_pod>& pods);

}  // namespace peelbox::cli::pool
