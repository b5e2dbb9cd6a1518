// Manual pages in man(7)'s language.
#pragma once

#include <string>
#include <vector>

#include "cli/command_tree.hpp"

namespace peelbox::cli {

/// "peelbox-context-ls"
std::string man_page_name(const command_info& command);
/// The page of one command; the program's own also lists the commands, the exit codes and the environment.
std::string man_page(const command_info& command, const command_info& root, std::string_view version);

}  // namespace peelbox::cli
