// What the repository around a context says of a build, for its provenance and labels (buildx, build/git.go).
#pragma once

#include <map>
#include <string>

#include "engine/async/environment.hpp"

namespace peelbox::cli {

/// Attributes of the frontend: vcs:source, vcs:revision, vcs:localdir:context and vcs:localdir:dockerfile, unless BUILDX_GIT_INFO is
/// false, and the labels of BUILDX_GIT_LABELS. Both directories are canonical; `dockerfile` is the file, or empty. Empty where no
/// repository is, or none that can be read: never a failure. Runs no git; blocks.
std::map<std::string, std::string> git_attributes(const std::string& context, const std::string& dockerfile, const environment& env);

}  // namespace peelbox::cli
