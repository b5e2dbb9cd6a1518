// `buildctl -addr X`: long names after one dash, as buildctl's parser takes them.
#pragma once

#include <string>
#include <vector>

namespace peelbox::cli::buildctl {

/// The words with two dashes before long names, and with "-o=X" as "-o X"; from "--" on nothing is changed. -vv stays: it is
/// peelbox's. Pure.
std::vector<std::string> with_two_dashes(std::vector<std::string> words);

}  // namespace peelbox::cli::buildctl
