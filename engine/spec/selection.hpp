// What of the context a service can possibly read.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/spec/universal_build.hpp"

namespace peelbox::spec {

/// Paths of the context (followpaths: patterns without brackets, links are followed) that all these services together
/// need; empty: everything, or it is not known.
///
/// Only runtime.copy says what is read, and only when no command runs before it: a command is shell text that may read
/// and make any file in /build. So one service with commands makes this "everything".
std::vector<std::string> selected_paths(std::span<const universal_build* const> services);

/// `hint` for a selection: trees of different content must not take turns in one snapshot of the daemon, where each would
/// delete what the other sent (source/local/source.go).
std::string selection_hint(const std::string& hint, const std::vector<std::string>& selected);

}  // namespace peelbox::spec
