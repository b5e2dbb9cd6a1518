// What we say and write when a build has ended.
#pragma once

#include <chrono>
#include <vector>

#include "cli/build_plan.hpp"
#include "cli/command.hpp"
#include "engine/client/build.hpp"
#include "engine/progress/display.hpp"

namespace peelbox::cli {

struct ended_build {
  const build_args& args;
  const prepared_build& prepared;
  const result<client::build_outcome>& outcome;
  const progress::display& display;
  std::chrono::microseconds took;
  /// Before run_build().
  std::vector<client::build_phase> phases;
  /// Whether everything that the build leaves was written.
  const result<void>& left;
};

/// Errors, warnings, summary, digests and statistics, in this order. Gives the exit code.
task<int> report_build(const ended_build& ended, const surroundings& with);

}  // namespace peelbox::cli
