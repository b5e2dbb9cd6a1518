// The program's commands, in the order of its help.
#pragma once

#include <string_view>
#include <vector>

#include "cli/command.hpp"

namespace peelbox::cli {

/// Describes the program to CLI11, with our help texts. With the name of a command only that one is described, which
/// is what running it needs and saves most of the time; with another word, all are.
std::vector<command> add_commands(CLI::App& app, std::string_view only = {});

}  // namespace peelbox::cli
