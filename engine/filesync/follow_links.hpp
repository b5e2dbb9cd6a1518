// The request's followpaths: what has to be sent so that a path can be reached through symbolic links.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/filesync/file_tree.hpp"

namespace peelbox::filesync {

/// Every link on the way to the paths, and where the paths lead in the end; relative to the root, sorted, without
/// those below another one. Names in a path may be glob patterns; they are looked up to find links only.
/// Links that lead out of the tree are taken as starting at its root. Missing paths stay as they are. Empty
/// when the root itself is among the results: then nothing needs to be left out (fsutil/followlinks.go).
///
/// Unlike the reference, a link that two paths go through is followed for both.
/// Blocks. Unreadable directories fail with errc::context.
result<std::vector<std::string>> follow_links(const file_tree& tree, std::span<const std::string> paths);

/// The include patterns when followpaths were given: both lists, without a pattern that follows its own parent path
/// (dropped in one pass, as the reference does); empty (everything) when one of them is ".".
std::vector<std::string> with_followed(std::vector<std::string> include,
                                       const std::vector<std::string>& followed);

}  // namespace peelbox::filesync
