// Local sources of a finished graph reduced to what the graph copies from them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pb {
class Definition;
}

namespace peelbox::llb {

/// A path of `local.followpaths` that takes in at least what `path`, a pattern of filepath.Match or plain text, names.
/// Brackets and backslashes mean different things in the two, so a name with one of them becomes "any name".
std::string covering_path(std::string_view path);

/// Sets `local.followpaths` on every local source from which file operations copy certain paths and which nothing else
/// uses, and makes its shared key hint one of its own, because trees of different content must not take turns in one
/// snapshot of the daemon. Sources with include patterns or followpaths of their own stay as they are. Operations
/// behind a changed one refer to its new digest. The result of the graph is the same.
///
/// Gives the names of the sources; empty, and nothing is changed, when there are none, or when the graph holds something
/// that this version cannot write back exactly as it was.
std::vector<std::string> narrow_locals(pb::Definition& definition);

}  // namespace peelbox::llb
