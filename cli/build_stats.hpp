// What a build cost on this machine: --stats.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/client/build.hpp"

namespace peelbox::cli {

/// Of this process since its start, without programs that carry a connection (ssh, kubectl).
struct process_cost {
  std::chrono::microseconds user{0};
  std::chrono::microseconds system{0};
  std::uint64_t peak_memory = 0;  ///< bytes
  std::uint64_t context_switches = 0;
  /// System calls of the read and write families, as the kernel counts them in /proc/self/io; for sockets too, if they are
  /// of these families. Unknown where the kernel does not tell.
  std::optional<std::uint64_t> read_calls;
  std::optional<std::uint64_t> write_calls;
};
process_cost cost_so_far();

struct build_stats {
  bool succeeded = false;
  std::chrono::microseconds took{0};
  std::vector<client::build_phase> phases;
  process_cost cost;
  client::traffic wire;
  filesync::transfer_stats context;
  std::vector<client::context_look> looks;
  std::uint64_t exported_bytes = 0;
};

/// Lines for people.
std::vector<std::string> stats_lines(const build_stats& stats);
/// One JSON object on one line; times are milliseconds, sizes are bytes. Keys are only ever added.
std::string stats_json(const build_stats& stats);

}  // namespace peelbox::cli
