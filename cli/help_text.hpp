// What `--help` prints.
#pragma once

#include <string>

#include "cli/command_tree.hpp"

namespace peelbox::cli {

constexpr std::size_t help_columns = 80;
/// A screen. A command whose options do not fit shows its everyday ones, and names --help-all.
constexpr std::size_t help_lines = 24;

std::string help_text(const command_info& command, bool all);

/// Words of `text` in lines of at most `columns`, without the first line's indentation.
std::string wrapped(std::string_view text, std::size_t columns, std::size_t indent);

}  // namespace peelbox::cli
