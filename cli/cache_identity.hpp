// What tells the cache directories of one project from those of another.
#pragma once

#include <string>

#include "engine/session/user_secret.hpp"

namespace peelbox::cli {

/// The repository that a directory is checked out from.
struct checkout {
  std::string origin;  ///< as spec::normalised_origin() gives it
  std::string below;   ///< the directory below the checkout's top; empty for the top itself
};
/// Of the work tree around `canonical_dir` (filesync/git_work_tree). Both empty when there is none, when its origin is not another
/// host's, or when its configuration cannot be read or has more than 1 MiB. Runs no git.
checkout checkout_of(const std::string& canonical_dir);

/// Twelve hexadecimal digits for spec::plan_options::cache_key. Equal for all clones of one repository; else for this user's
/// builds of this directory on this machine. `chosen`, when it is not empty, stands for all of that.
std::string cache_identity(const std::string& chosen, const std::string& canonical_dir, const session::user_secret& user);

}  // namespace peelbox::cli
