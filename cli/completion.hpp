// Completion scripts, complete in themselves: no shell starts peelbox while somebody types.
#pragma once

#include <string>

#include "cli/command_tree.hpp"

namespace peelbox::cli {

/// For bash 4.4 and later; the bash-completion package is not needed. Sourced or autoloaded.
std::string bash_completion(const command_info& root);
/// For zsh 5: a `#compdef` function for a directory of `fpath`, which may be sourced after compinit as well.
std::string zsh_completion(const command_info& root);
/// For fish 3.
std::string fish_completion(const command_info& root);

}  // namespace peelbox::cli
