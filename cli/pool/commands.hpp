// What `peelbox pool` does. All return exit codes (pool_exit) after all errors have been said.
#pragma once

#include "cli/command.hpp"
#include "cli/pool/args.hpp"

namespace peelbox::cli::pool {

task<int> run_address(pool_args_cptr args, const surroundings& with);
task<int> run_record(pool_args_cptr args, const surroundings& with);
/// Annotates and scales in one patch, so that nobody who scales down sees the one without the other.
task<int> run_up(pool_args_cptr args, const surroundings& with);
/// Looks at the annotation and asks the daemons for running builds, then scales on the condition that the set has not changed since.
task<int> run_down(pool_args_cptr args, const surroundings& with);
/// Stays until it is interrupted.
task<int> run_tunnel(pool_args_cptr args, const surroundings& with);
/// Gives the exit code of the program.
task<int> run_program(pool_args_cptr args, const surroundings& with);
task<int> run_status(pool_args_cptr args, const surroundings& with);

}  // namespace peelbox::cli::pool
