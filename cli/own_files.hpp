// What a build writes itself is no part of what it is made from.
#pragma once

#include <string>
#include <vector>

#include "cli/build_args.hpp"

namespace peelbox::cli {

/// The files that this build writes and that lie below `root`, a directory without links, as patterns relative to it: output,
/// result files, pictures, logs, and standard output and error where they lead to files. Sent with the context they would
/// make every build differ from the one before, and a log grows while it is read. `outputs` may have "{service}" in
/// them, and empty ones.
std::vector<std::string> own_files_below(const std::string& root, const std::vector<std::string>& outputs,
                                         const build_args& args);

}  // namespace peelbox::cli
