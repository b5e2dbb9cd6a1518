// The program's commands, in the order of its help.
#pragma once

#include <vector>

#include "cli/command.hpp"

namespace peelbox::cli {

/// Describes the whole program to CLI11, with our help texts.
std::vector<command> add_commands(CLI::App& app);

}  // namespace peelbox::cli
