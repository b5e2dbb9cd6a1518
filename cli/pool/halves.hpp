// What `peelbox pool build` asks of the build of each architecture. No I/O.
#pragma once

#include <string>
#include <string_view>

#include "cli/build_args.hpp"
#include "cli/pool/args.hpp"

namespace peelbox::cli::pool {

/// The build of one architecture: on which pod it is, and what it leaves in the registry, which has no name there.
build_args build_for(const build_args& wanted, const pool_args& args, const std::string& arch, const std::string& address);
/// What the index is called. errc::usage for a repository that has a tag already, and for no or several tags.
result<std::string> index_name(const build_args& wanted, const pool_args& args);

/// A registry has refused a manifest because of a layer that the other half was pushing at that moment: both have pushed the layers that they share,
/// and a registry on a file system shows a blob before it can be read (distribution, `_layers/…/link`). Pushed again it is there.
bool push_met_the_other(std::string_view why);

}  // namespace peelbox::cli::pool
