// "Did you mean …?": the word that somebody probably wanted.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace peelbox {

/// How many bytes have to be inserted, deleted, replaced or swapped with their neighbour to turn `b` into `a`; letters are
/// compared without case. `most` for words longer than 64 bytes.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most = 64);

/// The candidate that differs least from `word`, and the first one of equal ones. None when all differ in more than a third
/// of it (one character for short words). A candidate that begins with all of `word` counts as near.
std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates);

/// "; did you mean WORD?", or nothing when none is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace peelbox
