// One run of a client, and what it cost.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/bench/invocation.hpp"
#include "engine/async/asio.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::cli::bench {

struct run_cost {
  double wall = 0;                ///< seconds, until the last copy has ended
  double cpu = 0;                 ///< seconds, user and system, of all copies with their threads and children
  std::uint64_t peak_memory = 0;  ///< bytes, of the largest process (wait4, ru_maxrss)
  std::vector<double> each;       ///< seconds of each copy
};

/// Starts all command lines at once and waits for all of them. Their output goes to files `log`-N. failure{remote} with the end of that output
/// when one fails, {timed_out} when they need longer than `limit`. Whatever ends this, no process is left: they get SIGTERM, and SIGKILL
/// two seconds later.
task<result<run_cost>> timed_run(std::vector<command_line> commands, std::string log, std::chrono::seconds limit);

}  // namespace peelbox::cli::bench
