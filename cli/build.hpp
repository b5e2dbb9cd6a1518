// `peelbox build`.
#pragma once

#include "cli/build_args.hpp"
#include "cli/command.hpp"

namespace peelbox::cli {

/// Returns the exit code, after all errors have been said.
/// `args` and `with` must outlive it.
task<int> run_build_command(const build_args& args, const surroundings& with);

}  // namespace peelbox::cli
