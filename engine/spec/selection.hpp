// Which files of the context a service can read at all.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/spec/universal_build.hpp"

namespace peelbox::spec {

/// The paths of the context (as followpaths: patterns without brackets, links are followed) that these services need
/// together; empty when they need everything, or when nobody knows.
///
/// They are known when a service has runtime.copy and no commands: a command is shell text, which may read any file. So
/// one service with commands makes the result "everything".
std::vector<std::string> selected_paths(std::span<const universal_build* const> services);

/// `hint` for a selection: trees of different content must not take turns in one snapshot of the daemon, where each would
/// delete what the other sent (source/local/source.go).
std::string selection_hint(const std::string& hint, const std::vector<std::string>& selected);

}  // namespace peelbox::spec
