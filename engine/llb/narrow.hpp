// Local sources of a finished graph reduced to what the graph copies from them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pb {
class Definition;
}

namespace peelbox::llb {

/// How a path is meant: as plain text, as a pattern of filepath.Match, or as a shell reads it, which tries a name with brackets
/// or backslashes both ways.
enum class reading { plain, pattern, shell };

/// A path of `local.followpaths` that takes in at least what `path` names. Of the
/// characters that mean something in patterns it has '*' and '?' only, so that it means the same to whoever reads it; and none
/// that the header which brings it to us does not carry (control characters, blanks at the ends). None for a pattern that
/// filepath.Match refuses.
std::optional<std::string> covering_path(std::string_view path, reading how);

struct narrowed_local {
  std::string name;
  std::vector<std::string> paths;  ///< its followpaths
};

/// Sets `local.followpaths` on every local source from which file operations copy certain paths and which nothing else
/// uses, and makes its shared key hint one of its own, because trees of different content must not take turns in one
/// snapshot of the daemon. Sources with include patterns or followpaths of their own stay as they are. Operations
/// behind a changed one refer to its new digest. The result of the graph is the same if who serves these sources takes
/// what filesync::paths_to_copy() says for those followpaths (context_source::copied): links may lead anywhere, and only the
/// tree tells.
///
/// Gives the narrowed sources; empty, and nothing is changed, when there are none, or when the graph holds something
/// that this version cannot write back exactly as it was.
std::vector<narrowed_local> narrow_locals(pb::Definition& definition);

}  // namespace peelbox::llb
