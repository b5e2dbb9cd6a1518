// Columns of characters on a terminal: combining marks take none, East Asian wide characters and emoji two (ranges
// condensed from Unicode 15 EastAsianWidth W and F, and general categories Mn, Me, Cf).
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "engine/progress/sanitize.hpp"

namespace peelbox::progress {
namespace {

using range = std::pair<char32_t, char32_t>;

constexpr std::array zero_width{
    range{0x00AD, 0x00AD}, range{0x0300, 0x036F}, range{0x0483, 0x0489}, range{0x0591, 0x05BD},
    range{0x0610, 0x061A}, range{0x064B, 0x065F}, range{0x06D6, 0x06DC}, range{0x0900, 0x0902},
    range{0x093C, 0x093C}, range{0x0941, 0x0948}, range{0x0E31, 0x0E31}, range{0x0E34, 0x0E3A},
    range{0x0E47, 0x0E4E}, range{0x1AB0, 0x1AFF}, range{0x1DC0, 0x1DFF}, range{0x200B, 0x200D},
    range{0x2060, 0x2064}, range{0x20D0, 0x20F0}, range{0x302A, 0x302D}, range{0x3099, 0x309A},
    range{0xFE00, 0xFE0F}, range{0xFE20, 0xFE2F}, range{0xFEFF, 0xFEFF}, range{0xE0001, 0xE01EF}};

constexpr std::array wide{
    range{0x1100, 0x115F},   range{0x231A, 0x231B},   range{0x2329, 0x232A},   range{0x23E9, 0x23EC},
    range{0x25FD, 0x25FE},   range{0x2614, 0x2615},   range{0x2648, 0x2653},   range{0x26AA, 0x26AB},
    range{0x26BD, 0x26BE},   range{0x2705, 0x2705},   range{0x270A, 0x270B},   range{0x2728, 0x2728},
    range{0x274C, 0x274C},   range{0x2753, 0x2755},   range{0x2795, 0x2797},   range{0x27B0, 0x27B0},
    range{0x2B1B, 0x2B1C},   range{0x2B50, 0x2B50},   range{0x2E80, 0x303E},   range{0x3041, 0x4DBF},
    range{0x4E00, 0xA4CF},   range{0xA960, 0xA97C},   range{0xAC00, 0xD7A3},   range{0xF900, 0xFAFF},
    range{0xFE10, 0xFE19},   range{0xFE30, 0xFE6B},   range{0xFF01, 0xFF60},   range{0xFFE0, 0xFFE6},
    range{0x16FE0, 0x18CFF}, range{0x1B000, 0x1B2FF}, range{0x1F18E, 0x1F18E}, range{0x1F191, 0x1F19A},
    range{0x1F200, 0x1F320}, range{0x1F32D, 0x1F64F}, range{0x1F680, 0x1F6FC}, range{0x1F7E0, 0x1F7EB},
    range{0x1F90C, 0x1FAFF}, range{0x20000, 0x3FFFD}};

template <std::size_t n>
constexpr bool in(const std::array<range, n>& table, char32_t c) {
  std::size_t low = 0;
  std::size_t high = n;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (c > table[middle].second) low = middle + 1;
    else high = middle;
  }
  return low < n && c >= table[low].first;
}

constexpr std::size_t columns_of(char32_t c) {
  if (c < 0x300) return c == 0xAD ? 0 : 1;
  if (in(zero_width, c)) return 0;
  return in(wide, c) ? 2 : 1;
}

// The text is sanitised, so it is valid UTF-8. Other bytes give a wrong width, but nothing is read beyond the end.
char32_t next(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0xC0) return lead;
  char32_t c = lead < 0xE0 ? lead & 0x1Fu : lead < 0xF0 ? lead & 0x0Fu : lead & 0x07u;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) {
    c = ((c << 6) | (static_cast<unsigned char>(text[at++]) & 0x3Fu)) & 0x1FFFFF;
  }
  return c;
}

// How many characters at the beginning are ASCII: one byte and one column each, as is most text.
std::size_t ascii_part(std::string_view text) {
  std::size_t at = 0;
  std::uint64_t block = 0;
  for (; text.size() - at >= sizeof block; at += sizeof block) {
    std::memcpy(&block, text.data() + at, sizeof block);
    if ((block & 0x8080'8080'8080'8080u) != 0) break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at;
}

}  // namespace

std::size_t text_width(std::string_view text) {
  std::size_t columns = ascii_part(text);
  for (std::size_t at = columns; at < text.size();) columns += columns_of(next(text, at));
  return columns;
}

std::string_view cut_to_width(std::string_view text, std::size_t columns) {
  std::size_t used = std::min(ascii_part(text), columns);
  for (std::size_t at = used; at < text.size();) {
    const std::size_t begin = at;
    used += columns_of(next(text, at));
    if (used > columns) return text.substr(0, begin);
  }
  return text;
}

}  // namespace peelbox::progress
