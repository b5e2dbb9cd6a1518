// A whole build for pictures of it: when every step ran, what it waited for, and what it printed.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "engine/progress/event.hpp"
#include "engine/progress/trace.hpp"

namespace peelbox::progress {

/// A stretch of time; one without an end lasts until the picture ends.
struct recorded_run {
  wall_time start;
  std::optional<wall_time> end;
};

struct recorded_line {
  duration at{};  ///< since the start of its step
  int stream = 1;
  std::string text;
};

struct recorded_step {
  std::string name;
  std::string digest;
  std::string error;
  step_state state = step_state::announced;
  std::vector<recorded_run> runs;
  std::vector<std::uint32_t> inputs;  ///< positions in build_picture::steps
  std::vector<step_status> parts;
  std::vector<step_warning> warnings;
  std::vector<recorded_line> log;
  std::uint64_t dropped_lines = 0;    ///< between the first and the last ones
  std::size_t first_lines = 0;        ///< how many lines of `log` come before the dropped ones
};

/// What our session had sent when a phase of the transfer began or ended.
struct recorded_transfer {
  std::string name;
  wall_time began;
  std::optional<wall_time> sending_since;
  context_transfer last;
};

/// Text in it is sanitised, times are in our clock.
struct build_picture {
  std::string title;
  std::string error;  ///< of the build; empty when it succeeded
  wall_time began{};
  wall_time ended{};
  std::vector<recorded_step> steps;  ///< those that started, by their first start
  std::vector<recorded_transfer> transfers;
};

struct record_limits {
  std::size_t first_bytes_per_step = 64 * 1024;
  std::size_t last_bytes_per_step = 192 * 1024;
  std::size_t all_bytes = 48 * 1024 * 1024;
};

/// Watches a trace while it is fed. Memory is bounded by the limits and those of the trace. Not thread-safe.
class build_record {
 public:
  explicit build_record(wall_time began, record_limits limits = {}) : began_(began), limits_(limits) {}

  /// `picture` has just applied `events`.
  void add(const batch& events, const trace& picture, wall_time now);
  /// The picture so far.
  build_picture finish(const trace& picture, std::string title, std::string error, wall_time now) const;

 private:
  struct step_record {
    std::vector<recorded_run> runs;
    std::vector<std::string> inputs;  // digests
    std::vector<recorded_line> first;
    std::deque<recorded_line> last;
    std::size_t first_bytes = 0;
    std::size_t last_bytes = 0;
    std::uint64_t dropped = 0;
  };

  void add_line(const new_line& line);
  void add_transfer(const context_transfer& t);

  wall_time began_;
  record_limits limits_;
  std::vector<step_record> steps_;  // as in the trace
  std::vector<recorded_transfer> transfers_;
  std::size_t all_bytes_ = 0;
};

}  // namespace peelbox::progress
