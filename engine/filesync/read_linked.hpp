// Reading a file that may be reached through links.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "engine/filesync/file_tree.hpp"

namespace peelbox::filesync {

/// All of a file of at most `limit` bytes; std::nullopt when there is nothing of that name. Links are followed where they
/// stay in the tree, `root` (absolute) being its name on disk. Blocks. The failures' text is the reason alone; a link that
/// leaves the tree or leads nowhere, and what is no regular file, are failures too.
result<std::optional<std::string>> read_linked_file(const file_tree& tree, std::string_view root, std::string_view path,
                                                    std::size_t limit);

}  // namespace peelbox::filesync
