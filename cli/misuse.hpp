// What somebody probably meant whose command line the parser refused.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "cli/command_tree.hpp"

namespace peelbox::cli {

struct misuse {
  std::string text;      ///< what is wrong, and the nearest right word
  std::string help_for;  ///< the command whose --help tells more
};

/// Finds the first word that is neither a command, nor an option, nor a value of one, or a word that is missing. `words` are
/// without the program's name. std::nullopt when there is none, so that the parser complained about something else.
std::optional<misuse> find_misuse(const command_info& root, std::span<const std::string> words);

/// The command that the words name; the innermost one that they do.
const command_info& command_of(const command_info& root, std::span<const std::string> words);

}  // namespace peelbox::cli
