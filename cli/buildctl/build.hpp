// `buildctl build` with the files that only buildctl writes.
#pragma once

#include <string>

#include "cli/build_args.hpp"
#include "cli/command.hpp"

namespace peelbox::cli::buildctl {

/// Builds. `trace` is the file of --trace, `metrics_name` what --debug-json-cache-metrics says; both may be empty. Both are opened before
/// anything is built, and a file that could not be written is a failure. Returns 0 or 1, after all errors have been said.
task<int> run_build(build_args build, std::string trace, std::string metrics_name, const surroundings& with);

}  // namespace peelbox::cli::buildctl
