// Whether a build failed because an ignore rule kept a file from it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/filesync/sender.hpp"

namespace peelbox::client {

struct left_out_file {
  std::string path;  ///< relative to the context
  std::string rule;  ///< with file and line, for people
};

/// The words that look like paths in lines that complain about something missing, relative to `directory`, where the
/// build has the context. At most 32, each once. Total over hostile texts. [p]
std::vector<std::string> paths_missed(const std::vector<std::string_view>& lines, std::string_view directory);

/// The first of `paths` that exists in the context and is not sent. Blocks.
std::optional<left_out_file> find_left_out(const filesync::context_source& context, const std::vector<std::string>& paths);

}  // namespace peelbox::client
