// Versions of tools from the files that ecosystems share.
#pragma once

#include <string>
#include <string_view>

#include "engine/detect/analysis.hpp"

namespace peelbox::detect {

/// Notes the decision and gives the digits of `text`, "" when there are none.
std::string take_version(analysis& work, std::string_view tool, std::string_view text, std::string_view from,
                         confidence how);

/// A file that holds one version (".nvmrc"), in the directory of the service or above it.
std::string version_in_file(analysis& work, std::string_view file, std::string_view tool);

/// .tool-versions (asdf) and mise.toml, in the directory of the service or above it.
std::string version_of_tool_files(analysis& work, std::string_view tool);

}  // namespace peelbox::detect
