// The inside of trace, for its source files.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "engine/progress/line_splitter.hpp"
#include "engine/progress/trace.hpp"

namespace peelbox::progress {

// Keeps absurd times of a daemon from overflowing when an offset is added.
inline constexpr duration longest_time = std::chrono::hours(24 * 365 * 130);
constexpr wall_time clamp_time(wall_time t) { return std::clamp(t, wall_time{}, wall_time{longest_time}); }

struct interval {
  wall_time start;
  std::optional<wall_time> end;
};

struct trace::member {
  std::uint32_t step = 0;
  bool weak = false;
  bool cached = false;
  step_state state = step_state::announced;
  std::optional<wall_time> latest_start;
  std::optional<wall_time> completed;
  std::vector<interval> intervals;  // by start
  duration summed{0};               // of runs that were dropped from `intervals`
  std::optional<wall_time> summed_until;
  std::unique_ptr<std::array<line_splitter, 2>> output;
  bool has_partial_line = false;
};

// Sums over the members of a step, so that a change of one member costs the same in a group of thousands.
struct trace::group_counts {
  std::uint32_t members = 0, strong = 0, started = 0, running = 0, finished = 0, cached = 0, failed = 0, cancelled = 0;

  void add(const member& m, std::uint32_t sign) {  // sign: 1, or -1 in modular arithmetic
    const bool done = m.state != step_state::announced && m.state != step_state::running;
    const bool begun = m.state != step_state::announced;
    members += sign;
    // A step that was cancelled before it began is not shown.
    const bool seen = begun && (m.latest_start || m.state != step_state::cancelled);
    if (seen && !m.weak) strong += sign;
    if (begun) started += sign;
    if (m.state == step_state::running) running += sign;
    if (done) finished += sign;
    if (m.state == step_state::cached) cached += sign;
    if (m.state == step_state::failed) failed += sign;
    if (m.state == step_state::cancelled) cancelled += sign;
  }
  step_state state(bool no_more) const {
    if (failed > 0) return step_state::failed;
    if (running > 0) return step_state::running;
    if (cancelled > 0) return step_state::cancelled;
    if (started == 0) return step_state::announced;
    if (finished < members && !no_more) return step_state::running;
    return cached == finished ? step_state::cached : step_state::done;
  }
};

}  // namespace peelbox::progress
