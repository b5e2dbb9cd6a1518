// What `peelbox pool build` asks of the build of each architecture. No I/O.
#pragma once

#include <string>

#include "cli/build_args.hpp"
#include "cli/pool/args.hpp"

namespace peelbox::cli::pool {

/// The build of one architecture: on which pod it is, and what it leaves in the registry, which has no name there.
build_args build_for(const build_args& wanted, const pool_args& args, const std::string& arch, const std::string& address);
/// What the index is called. errc::usage for a repository that has a tag already, and for no or several tags.
result<std::string> index_name(const build_args& wanted, const pool_args& args);

}  // namespace peelbox::cli::pool
