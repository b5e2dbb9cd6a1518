#include "engine/progress/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace peelbox::progress {
namespace {

// Copies characters that need no escape and returns how many. Most strings are digests, names and times, so sixteen are
// checked at once; up to fifteen more than the result may have been written to `to`.
std::size_t put_plain(std::string_view text, char* to) {
  using block = signed char __attribute__((vector_size(16)));
  using halves = long long __attribute__((vector_size(16)));
  const auto put_block = [&](std::size_t at) {
    block chars;
    std::memcpy(&chars, text.data() + at, sizeof chars);
    std::memcpy(to + at, &chars, sizeof chars);
    const halves special = reinterpret_cast<halves>((chars < ' ') | (chars == 0x7F) | (chars == '"') | (chars == '\\'));
    return (special[0] | special[1]) == 0;
  };
  std::size_t at = 0;
  while (text.size() - at >= sizeof(block) && put_block(at)) at += sizeof(block);
  // The rest is checked as the end of one more block, which overlaps the one before.
  const bool is_rest = text.size() - at < sizeof(block) && text.size() >= sizeof(block);
  if (is_rest && put_block(text.size() - sizeof(block))) return text.size();
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c < ' ' || c == 0x7F || c == '"' || c == '\\') break;  // negative: not ASCII
    to[at] = c;
  }
  return at;
}

char* put(std::string_view text, char* to) { return std::copy_n(text.data(), text.size(), to); }

char* put_escaped(unsigned code, char* to) { return fmt::format_to(to, "\\u{:04x}", code); }

char* put_special_ascii(unsigned char c, char* to) {
  switch (c) {
    case '"': return put("\\\"", to);
    case '\\': return put("\\\\", to);
    case '\n': return put("\\n", to);
    case '\r': return put("\\r", to);
    case '\t': return put("\\t", to);
    default: return put_escaped(c, to);
  }
}

unsigned low_bits(char continuation) { return static_cast<unsigned char>(continuation) & 0x3Fu; }

// The bytes of the character at the beginning; 0 when it is not valid UTF-8.
std::size_t utf8_size(std::string_view text) {
  const auto c = static_cast<unsigned char>(text[0]);
  const std::size_t size = c >= 0xF0 && c <= 0xF4 ? 4 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xC2 && c < 0xE0 ? 2 : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t k = 1; k < size; ++k) {
    if ((static_cast<unsigned char>(text[k]) & 0xC0) != 0x80) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool bad = (c == 0xE0 && second < 0xA0) || (c == 0xED && second > 0x9F) || (c == 0xF0 && second < 0x90) ||
                   (c == 0xF4 && second > 0x8F);
  return bad ? 0 : size;
}

}  // namespace

char* put_json_string(std::string_view text, char* to) {
  *to++ = '"';
  for (;;) {
    const std::size_t plain = put_plain(text, to);
    to += plain;
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto c = static_cast<unsigned char>(text[0]);
    if (c < 0x80) {
      to = put_special_ascii(c, to);
      text.remove_prefix(1);
      continue;
    }
    const std::size_t size = utf8_size(text);
    const unsigned code = size == 2   ? (c & 0x1Fu) << 6 | low_bits(text[1])
                          : size == 3 ? (c & 0x0Fu) << 12 | low_bits(text[1]) << 6 | low_bits(text[2])
                                      : 0x10000u;
    // C1 and what reorders text.
    const bool harmful = code < 0xA0 || code == 0x061C || (code >= 0x200E && code <= 0x2069);
    if (size == 0) to = put_escaped(0xFFFD, to);
    else to = harmful ? put_escaped(code, to) : put(text.substr(0, size), to);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  *to++ = '"';
  return to;
}

void append_json_string(std::string_view text, std::string& out) {
  const std::size_t before = out.size();
  out.resize(before + most_json_bytes(text.size()));
  const char* const end = put_json_string(text, out.data() + before);
  out.resize(static_cast<std::size_t>(end - out.data()));
}

}  // namespace peelbox::progress
