// `peelbox build`.
#pragma once

#include <functional>

#include "cli/build_args.hpp"
#include "engine/async/asio.hpp"
#include "engine/async/blocking_pool.hpp"
#include "engine/async/log.hpp"
#include "engine/build/build.hpp"
#include "engine/build/find.hpp"

namespace peelbox::cli {

/// What main made once and every command uses.
struct surroundings {
  build::environment env;
  blocking_pool& pool;
  const logger& log;
  build::stop_request& stop;
  /// One line for people, on standard error; made harmless.
  std::function<void(std::string_view line)> say;
  /// The result for machines, on standard output.
  std::function<void(std::string_view line)> answer;
};

/// Gives the exit code; everything that went wrong has been said.
task<int> run_build_command(build_args args, surroundings with);

}  // namespace peelbox::cli
