// Notes a build as long as it runs, so that nobody scales its set down.
#pragma once

#include <string>
#include <vector>

#include "cli/pool/view.hpp"

namespace peelbox::cli::pool {

/// Runs `work`, and writes the time into the annotation of the sets of `archs` when it begins, every `heartbeat` seconds, and once more when
/// it has ended, whatever ended it. What cannot be written is said, once for a set until it can be written again; it does not stop
/// the work. The last time is waited for 5 s at most. Cancelling cancels the work, and unwinds after the last time.
task<int> while_beating(pool_view_ptr pool, std::vector<std::string> archs, task<int> work);

}  // namespace peelbox::cli::pool
