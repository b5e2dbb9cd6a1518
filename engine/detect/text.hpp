// Small questions about text and paths.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/ascii.hpp"

namespace peelbox::detect {

std::string_view parent_of(std::string_view path);  ///< "a/b" -> "a", "a" -> ""
std::string_view name_of(std::string_view path);
std::string join(std::string_view dir, std::string_view name);  ///< join("", "a") is "a"
/// Resolves "." and ".."; std::nullopt when the result lies outside the root.
std::optional<std::string> resolve(std::string_view dir, std::string_view relative);
bool is_inside(std::string_view path, std::string_view dir);  ///< also when both are the same

std::string_view trim(std::string_view text);
std::vector<std::string_view> lines_of(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);  ///< pieces are trimmed, empty ones kept
std::vector<std::string> words_of(std::string_view text);
bool contains(std::string_view text, std::string_view part);
bool is_word(char c);  ///< A-Z a-z 0-9 _

bool is_utf8(std::string_view bytes);
std::string normalised(std::string_view text);  ///< no byte order mark, no CR before LF

/// What stands between the first quotes (single or double) at or behind `at`, on the same line.
std::optional<std::string> quoted_after(std::string_view text, std::size_t at = 0);
/// The digits, with dots between them, at or behind the start: ">=3.11,<4" -> "3.11". Empty when there are none.
std::string first_version(std::string_view text);
/// The first `parts` parts of a version: ("1.21.3", 2) -> "1.21".
std::string version_prefix(std::string_view version, std::size_t parts);
/// Ascending by their numeric parts.
bool version_less(std::string_view a, std::string_view b);

/// "*" and "?" within one name.
bool name_matches(std::string_view pattern, std::string_view name);
/// "*" within a name, "**" across names.
bool path_matches(std::string_view pattern, std::string_view path);

/// Safe as one word of sh.
std::string shell_word(std::string_view text);

}  // namespace peelbox::detect
