// A directory on disk.
#pragma once

#include <memory>
#include <string>

#include "engine/filesync/file_tree.hpp"

namespace peelbox::filesync {

/// `root` may be a symbolic link to a directory; it is resolved once, here, and held open. Nothing outside it
/// is ever opened, whatever links are made below it meanwhile. Blocks briefly. failure{not_found, permission,
/// io} names the root.
result<std::shared_ptr<const file_tree>> open_disk_tree(const std::string& root);

}  // namespace peelbox::filesync
