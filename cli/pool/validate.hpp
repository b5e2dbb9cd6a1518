// The file that --config names.
#pragma once

#include <string>

#include "cli/command.hpp"
#include "cli/pool/config.hpp"

namespace peelbox::cli::pool {

/// Says what may have been meant by keys that nobody knows. errc::usage, whatever is the matter with the file.
task<result<pool_config>> read_config(std::string path, const surroundings& with);
/// The arguments with what their --config says, and without --config. errc::usage, also for --via-bastion when there is none.
task<result<pool_args_cptr>> configured(pool_args_cptr args, const surroundings& with);

}  // namespace peelbox::cli::pool
