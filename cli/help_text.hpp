// What `--help` prints.
#pragma once

#include <string>

#include "cli/command_tree.hpp"

namespace peelbox::cli {

constexpr std::size_t help_columns = 80;
/// At most one screen. If the options do not fit, it shows the everyday ones and names --help-all.
constexpr std::size_t help_lines = 24;

std::string help_text(const command_info& command, bool all);

/// Wraps `text` into lines of at most `columns`; the first line is not indented.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent);

}  // namespace peelbox::cli
