// What `peelbox pool` does. All return exit codes (pool_exit) after all errors have been said.
#pragma once

#include <memory>

#include "cli/build_args.hpp"
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
/// Builds for both architectures beside each other, pushes by digest and names one index. The first failure ends both. `wanted` is what every
/// build has in common; its daemon, platform and output are chosen here.
task<int> run_build(pool_args_cptr args, std::shared_ptr<const build_args> wanted, const surroundings& with);
/// Goes on with the other daemons and volumes when one cannot be cleared.
task<int> run_clear(pool_args_cptr args, const surroundings& with);
task<int> run_validate(pool_args_cptr args, const surroundings& with);
task<int> run_status(pool_args_cptr args, const surroundings& with);

}  // namespace peelbox::cli::pool
