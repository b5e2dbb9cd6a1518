// A tree that is not on disk.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "engine/filesync/file_tree.hpp"

namespace peelbox::filesync {

/// Regular files by name, all in the root and of mode 0644, such as a Dockerfile that came from standard input. `mod_time`: ns
/// since 1970, another one for other contents; the daemon takes equal size and time for equal content.
std::shared_ptr<const file_tree> text_tree(std::map<std::string, std::string> files, std::int64_t mod_time);

}  // namespace peelbox::filesync
