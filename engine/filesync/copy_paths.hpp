// What of a tree has to be sent so that certain paths can be copied from it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/filesync/file_tree.hpp"

namespace peelbox::filesync {

/// Include patterns, sorted, for copying `paths`, whose names may hold '*' and '?' and no other special character. What they
/// take in is at least what the paths lead to: every link on the way is followed, in every directory that a path names,
/// as the daemon does when it copies (solver/llbsolver/file, fsutil/copy). follow_links() does less, because its result is
/// compared with the reference's. Where a pattern finds nothing the directory that it looked in is taken, because the daemon
/// looks there too and may be content with nothing.
/// Empty means everything: when the root is among the results, or when there are too many links to follow.
/// Blocks. Unreadable directories fail with errc::context.
result<std::vector<std::string>> paths_to_copy(const file_tree& tree, std::span<const std::string> paths);

}  // namespace peelbox::filesync
