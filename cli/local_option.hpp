// --local NAME=DIR, and directories that are sent as they are.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/filesync/sender.hpp"

namespace peelbox::cli {

/// Names and directories without links, in the order of the flags. failure{usage} for a name that is there twice, context for a
/// directory.
result<std::vector<std::pair<std::string, std::string>>> parse_locals(const std::vector<std::string>& given);

/// Everything below `root`; who asks says what to leave out.
std::shared_ptr<filesync::context_source> whole_directory(std::string root);

}  // namespace peelbox::cli
