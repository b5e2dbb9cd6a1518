// Words of buildctl, buildx and docker that peelbox does not have, and what does here what they do there.
#pragma once

#include <span>
#include <string_view>

namespace peelbox::cli {

/// An option ("--push", "-f") or a command ("prune").
struct foreign_word {
  std::string_view word;
  std::string_view way;  ///< goes on after a semicolon
};

std::span<const foreign_word> foreign_options() noexcept;
std::span<const foreign_word> foreign_commands() noexcept;

/// Empty for a word that nobody knows.
std::string_view way_of(std::span<const foreign_word> words, std::string_view word) noexcept;

}  // namespace peelbox::cli
