// What was measured, as a value, as JSON and back. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/bench/statistics.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::cli::bench {

/// Who is measured: a client on a daemon.
struct side {
  std::string name;     ///< "peelbox", "buildctl"; the address where two sides have one client
  std::string client;   ///< "peelbox 0.4.0 (…)"
  std::string address;
  std::string daemon;   ///< its version; empty when it does not tell
};

/// One run of one side. Seconds and bytes.
struct sample {
  double wall = 0;
  double cpu = 0;
  double peak_memory = 0;
  std::optional<double> daemon_cpu;
  std::vector<double> each;  ///< of builds at once
};

struct wire_count {
  std::uint64_t to_daemon = 0;
  std::uint64_t to_client = 0;
  std::uint64_t connections = 0;
};

struct measured {
  std::string name;
  std::string what;
  std::uint64_t bytes = 0;   ///< of content that a first transfer or an export moves; 0: a rate says nothing
  unsigned copies = 1;
  std::string skipped;       ///< why there are no runs
  /// One list for each side, of equal length: what stands at one place was measured after each other.
  std::vector<std::vector<sample>> runs;
  std::vector<std::optional<wire_count>> wire;  ///< of a run that was not timed
};

struct report {
  std::string made;       ///< RFC 3339
  std::string machine;    ///< processors, memory and kernel in one line
  unsigned pairs = 0;
  unsigned round_trip_ms = 0;
  std::vector<side> sides;
  std::vector<measured> workloads;
};

/// Figures that a table or a comparison speaks of.
enum class figure { wall, cpu, peak_memory, daemon_cpu };
inline constexpr figure all_figures[] = {figure::wall, figure::cpu, figure::peak_memory, figure::daemon_cpu};
std::string_view to_string(figure f) noexcept;

/// The values of one side; fewer than runs where one is not known, then none.
std::vector<double> values(const measured& work, std::size_t of_side, figure f);

/// "format": 1. Keys are only ever added. All runs are in it, and what follows from them.
std::string report_json(const report& all);
/// failure{usage} with `name` when it is no such report, or one of a newer format.
result<report> parse_report(std::string_view text, const std::string& name);

/// One workload of two reports, for one figure of its first side.
struct change {
  std::string workload;
  figure what = figure::wall;
  estimate ratio;  ///< now / before
  double now = 0;
  double before = 0;
  bool regression = false;
  bool improvement = false;
};

struct comparison {
  std::vector<change> changes;
  std::vector<std::string> remarks;  ///< what makes it doubtful, such as another machine
};

/// Wall and client CPU of workloads that both have. A regression is an interval that lies above 1 + `threshold` as a whole, an improvement
/// one below 1 - `threshold`.
comparison compare(const report& now, const report& before, double threshold);

}  // namespace peelbox::cli::bench
