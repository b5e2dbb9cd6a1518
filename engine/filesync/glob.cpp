#include "engine/filesync/glob.hpp"

#include <array>
#include <optional>

#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {

// What an invalid byte counts as, and the largest code point (Go, unicode/utf8).
constexpr char32_t invalid_rune = 0xFFFD;
constexpr char32_t largest_rune = 0x10FFFF;

struct decoded {
  char32_t rune;
  std::size_t size;
  bool valid;
};

decoded decode_rune(std::string_view text, std::size_t at) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  const decoded bad{invalid_rune, 1, false};
  if (first < 0xC2 || first > 0xF4 || text.size() - at < size) return bad;
  char32_t rune = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return bad;
    rune = rune << 6 | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  if (rune < smallest[size] || rune > largest_rune || (rune >= 0xD800 && rune <= 0xDFFF)) return bad;
  return {rune, size, true};
}

// One class of filepath.Match at pattern[at] == '['. Moves `at` behind it. Returns whether it holds `rune`,
// or nothing when it is malformed.
std::optional<bool> match_class(std::string_view pattern, std::size_t& at, char32_t rune) noexcept {
  const auto bound = [&]() -> std::optional<char32_t> {
    if (at >= pattern.size() || pattern[at] == '-' || pattern[at] == ']') return std::nullopt;
    if (pattern[at] == '\\' && ++at >= pattern.size()) return std::nullopt;
    const decoded d = decode_rune(pattern, at);
    at += d.size;
    // A class cannot end with its last bound: the bracket is missing.
    if (!d.valid || at >= pattern.size()) return std::nullopt;
    return d.rune;
  };
  ++at;
  bool negated = false;
  if (at < pattern.size() && pattern[at] == '^') {
    negated = true;
    ++at;
  }
  bool found = false;
  for (bool first = true;; first = false) {
    if (!first && at < pattern.size() && pattern[at] == ']') {
      ++at;
      return found != negated;
    }
    const auto low = bound();
    if (!low) return std::nullopt;
    auto high = low;
    if (pattern[at] == '-') {
      ++at;
      high = bound();
      if (!high) return std::nullopt;
    }
    if (*low <= rune && rune <= *high) found = true;
  }
}

bool is_space(char32_t rune) noexcept {
  return (rune >= '\t' && rune <= '\r') || rune == ' ' || rune == 0x85 || rune == 0xA0 || rune == 0x1680 ||
         (rune >= 0x2000 && rune <= 0x200A) || rune == 0x2028 || rune == 0x2029 || rune == 0x202F ||
         rune == 0x205F || rune == 0x3000;
}

}  // namespace

std::string_view trim_space(std::string_view text) noexcept {
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t next = begin;
    if (!is_space(next_rune(text, next))) break;
    begin = next;
  }
  std::size_t end = begin;
  for (std::size_t at = begin; at < text.size();) {
    if (!is_space(next_rune(text, at))) end = at;
  }
  return text.substr(begin, end - begin);
}

char32_t next_rune(std::string_view text, std::size_t& at) noexcept {
  const decoded d = decode_rune(text, at);
  at += d.size;
  return d.rune;
}

void append_rune(std::string& text, char32_t rune) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (rune < 0x80) {
    put(rune);
  } else if (rune < 0x800) {
    put(0xC0 | rune >> 6);
    put(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    put(0xE0 | rune >> 12);
    put(0x80 | (rune >> 6 & 0x3F));
    put(0x80 | (rune & 0x3F));
  } else {
    put(0xF0 | rune >> 18);
    put(0x80 | (rune >> 12 & 0x3F));
    put(0x80 | (rune >> 6 & 0x3F));
    put(0x80 | (rune & 0x3F));
  }
}

failure bad_pattern(std::string_view pattern, std::string_view why) {
  return failure(errc::usage, "pattern " + in_quotes(pattern) + " is not valid: " + std::string(why),
                 origin::user);
}

result<void> check_glob(std::string_view pattern) {
  for (std::size_t at = 0; at < pattern.size();) {
    if (pattern[at] == '[') {
      if (!match_class(pattern, at, 0))
        return bad_pattern(pattern, "a '[' is not closed or its range is malformed");
    } else if (pattern[at] == '\\') {
      if (at + 1 == pattern.size()) return bad_pattern(pattern, "it ends with a backslash");
      at += 2;
    } else {
      ++at;
    }
  }
  return {};
}

bool match_glob(std::string_view pattern, std::string_view name) noexcept {
  // The usual walk with two pointers: only the last star may have to be tried again.
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = pattern.npos;
  std::size_t star_name = 0;
  while (true) {
    bool advanced = false;
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_name = n;
      continue;
    }
    if (p == pattern.size() && n == name.size()) return true;
    if (p < pattern.size() && n < name.size()) {
      if (pattern[p] == '[') {
        const decoded d = decode_rune(name, n);
        std::size_t behind = p;
        const auto holds = match_class(pattern, behind, d.rune);
        if (!holds) return false;
        if (*holds) {
          p = behind;
          n += d.size;
          advanced = true;
        }
      } else if (pattern[p] == '?') {
        if (name[n] != '/') {
          n += decode_rune(name, n).size;
          ++p;
          advanced = true;
        }
      } else {
        const std::size_t literal = pattern[p] == '\\' ? p + 1 : p;
        if (literal == pattern.size()) return false;
        if (pattern[literal] == name[n]) {
          p = literal + 1;
          ++n;
          advanced = true;
        }
      }
    }
    if (advanced) continue;
    if (star == pattern.npos || star_name >= name.size() || name[star_name] == '/') return false;
    p = star;
    n = ++star_name;
  }
}

}  // namespace peelbox::filesync
