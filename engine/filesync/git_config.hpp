// git's configuration files, read for single values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peelbox::filesync {

/// The last value of `section.key` in the text of one file (git-config(1), "Syntax"). Both are lower case; a section with a
/// subsection is written as in the file: remote "origin", and its letters' case does not count here. As git reads it: quotes, escapes, comments and lines that go on behind a backslash. A key without '=' has the value
/// "true". include.path is not followed. What follows a line that git would refuse does not count.
std::optional<std::string> git_config_value(std::string_view text, std::string_view section, std::string_view key);

/// Lower case but for the value.
struct git_config_item {
  std::string section;
  std::string key;
  std::string value;
};
/// All of them, read in the same way.
std::vector<git_config_item> git_config_items(std::string_view text);

}  // namespace peelbox::filesync
