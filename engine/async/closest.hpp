// "Did you mean …?": the word that somebody probably wanted.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace peelbox {

/// How many characters have to be inserted, deleted, replaced or swapped with their neighbour to make `a` from `b`;
/// counts bytes, letters without regard to case. Words longer than 64 bytes are `most`.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most = 64);

/// The candidate that differs least from `word`; none when all of them differ in more than a third of it (one character
/// for short words). Among equals the first one. A candidate that begins with all of `word` counts as near.
std::optional<std::string> closest(std::string_view word, std::span<const std::string> candidates);

/// "; did you mean WORD?", or nothing when none is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace peelbox
