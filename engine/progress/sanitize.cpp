#include "engine/progress/sanitize.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace peelbox::progress {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// Bytes that can be copied whatever stands beside them.
constexpr std::array<bool, 256> plain_bytes = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < 0x7F; ++c) table[c] = true;
  table['\n'] = true;
  table['\t'] = true;
  return table;
}();

constexpr bool is_plain(char c) { return plain_bytes[static_cast<unsigned char>(c)]; }

// How many bytes at the front are plain. Printable ASCII is checked eight bytes at a time.
std::size_t plain_front(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t highs = 0x8080808080808080;
  std::size_t at = 0;
  for (;;) {
    for (std::uint64_t word; at + 8 <= text.size(); at += 8) {
      std::memcpy(&word, text.data() + at, 8);
      // A byte below 0x20 borrows, 0x7F carries into its high bit, and bytes from 0x80 have it.
      if (((word | (word - ones * 0x20) | (word + ones)) & highs) != 0) break;
    }
    const std::size_t stop = std::min(at + 8, text.size());
    while (at < stop && is_plain(text[at])) ++at;
    if (at < stop || at == text.size()) return at;
  }
}

constexpr bool reorders_or_breaks(char32_t c) {
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

void append_utf8(char32_t c, std::string& out) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (c >> 6)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (c >> 12)));
    out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (c >> 18)));
    out.push_back(static_cast<char>(0x80 | ((c >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((c >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  }
}

}  // namespace

void sanitizer::feed(std::string_view chunk, std::string& out) {
  std::size_t at = 0;
  while (at < chunk.size()) {
    if (state_ == state::text && expected_ == 0) {
      const std::size_t plain = plain_front(chunk.substr(at));
      out.append(chunk.substr(at, plain));
      at += plain;
      if (at == chunk.size()) return;
    }
    const auto c = static_cast<unsigned char>(chunk[at++]);
    if (state_ != state::text) take_in_escape(c, out);
    else take_utf8(c, out);
  }
}

void sanitizer::finish(std::string& out) {
  if (expected_ != 0) out.append(replacement);
  expected_ = 0;
  state_ = state::text;
}

void sanitizer::take_utf8(unsigned char c, std::string& out) {
  if (expected_ != 0) {
    if (c >= lowest_next_ && c <= highest_next_) {
      lowest_next_ = 0x80;
      highest_next_ = 0xBF;
      code_point_ = (code_point_ << 6) | (c & 0x3Fu);
      if (--expected_ == 0) take_code_point(code_point_, out);
      return;
    }
    expected_ = 0;
    out.append(replacement);  // for what came before; this byte starts anew
  }
  lowest_next_ = 0x80;
  highest_next_ = 0xBF;
  if (c < 0x80) {
    take_code_point(c, out);
  } else if (c >= 0xC2 && c <= 0xDF) {
    expected_ = 1;
    code_point_ = c & 0x1Fu;
  } else if (c >= 0xE0 && c <= 0xEF) {
    expected_ = 2;
    code_point_ = c & 0x0Fu;
    if (c == 0xE0) lowest_next_ = 0xA0;   // overlong
    if (c == 0xED) highest_next_ = 0x9F;  // surrogates
  } else if (c >= 0xF0 && c <= 0xF4) {
    expected_ = 3;
    code_point_ = c & 0x07u;
    if (c == 0xF0) lowest_next_ = 0x90;   // overlong
    if (c == 0xF4) highest_next_ = 0x8F;  // beyond U+10FFFF
  } else {
    out.append(replacement);
  }
}

void sanitizer::take_code_point(char32_t c, std::string& out) {
  escape_length_ = 0;
  if (c < 0x80) {
    if (c == 0x1B) state_ = state::escape;
    else if (is_plain(static_cast<char>(c))) out.push_back(static_cast<char>(c));
    else if (c == '\r' && cr_ == carriage_return::keep) out.push_back('\r');
    return;
  }
  if (c < 0xA0) {  // C1: the one-character forms of ESC @ … ESC _
    if (c == 0x9B) state_ = state::control_sequence;
    else if (c == 0x90 || c == 0x98 || c >= 0x9D) state_ = state::string;
    return;
  }
  if (reorders_or_breaks(c)) out.append(replacement);
  else append_utf8(c, out);
}

void sanitizer::take_in_escape(unsigned char c, std::string& out) {
  const auto back_to_text = [&] {
    state_ = state::text;
    take_utf8(c, out);
  };
  if (c == '\n' || ++escape_length_ > longest_escape) return back_to_text();
  switch (state_) {
    case state::escape:
      if (c == '[') state_ = state::control_sequence;
      else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_') state_ = state::string;
      else if (c >= 0x20 && c <= 0x2F) state_ = state::escape_intermediate;
      else if (c >= 0x30 && c <= 0x7E) state_ = state::text;
      else if (c != 0x1B) back_to_text();
      break;
    case state::escape_intermediate:
      if (c >= 0x30 && c <= 0x7E) state_ = state::text;
      else if (c < 0x20 || c > 0x7E) back_to_text();
      break;
    case state::control_sequence:
      if (c >= 0x40 && c <= 0x7E) state_ = state::text;
      else if (c < 0x20 || c > 0x7E) back_to_text();
      break;
    case state::string_escape:
      if (c == '\\') {
        state_ = state::text;
        break;
      }
      state_ = state::escape;
      take_in_escape(c, out);
      break;
    case state::string:
      if (c == 0x1B) state_ = state::string_escape;
      else if (c == 0x07 || c == 0x18 || c == 0x1A) state_ = state::text;
      break;
    case state::text: break;
  }
}

std::string sanitize(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  sanitizer machine;
  machine.feed(text, out);
  machine.finish(out);
  return out;
}

std::string sanitize_line(std::string_view text, std::size_t limit) {
  // Only what can be shown is cleaned, and some more, since escape sequences vanish.
  std::string out = sanitize(text.substr(0, limit * 4 + 64));
  for (char& c : out) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  if (out.size() <= limit) return out;
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80) --end;
  out.resize(end);
  out.append("…");
  return out;
}

}  // namespace peelbox::progress
