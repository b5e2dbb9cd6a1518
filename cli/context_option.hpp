// The directory that is built: the same for `build` and for `context`.
#pragma once

#include <string>

#include "engine/async/failure.hpp"
#include "engine/filesync/sender.hpp"

namespace peelbox::cli {

/// The directory without links and dots. failure{context} names the flag.
result<std::string> canonical_context(const std::string& flag, const std::string& dir);

/// What of that directory a build sends: all but every .git, what .dockerignore and, if `gitignore`, git's rules say.
/// Reads HOME and XDG_CONFIG_HOME for git's configuration.
filesync::context_source context_source_of(const std::string& canonical_dir, bool gitignore);

}  // namespace peelbox::cli
