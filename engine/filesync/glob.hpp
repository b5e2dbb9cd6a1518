// Go's filepath.Match, and text by runes as Go reads it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::filesync {

/// Go's filepath.Match for '/' as separator: '*', '?', '[class]' and '\c', never across a slash. Used for
/// followed paths, and to check the syntax of every pattern. Also false for a malformed pattern; check_glob()
/// tells.
bool match_glob(std::string_view pattern, std::string_view name) noexcept;
/// failure{usage} where filepath.Match reports ErrBadPattern.
result<void> check_glob(std::string_view pattern);
/// failure{usage} that names the pattern.
failure bad_pattern(std::string_view pattern, std::string_view why);

/// Reads one rune at `at` and moves on; U+FFFD and one byte for what is not UTF-8.
char32_t next_rune(std::string_view text, std::size_t& at) noexcept;
void append_rune(std::string& text, char32_t rune);
/// Without Unicode white space at both ends, as Go's strings.TrimSpace.
std::string_view trim_space(std::string_view text) noexcept;

}  // namespace peelbox::filesync
