#include "engine/progress/json_text.hpp"

#include <fmt/format.h>

#include <cstring>
#include <iterator>

namespace peelbox::progress {

namespace {

bool is_plain(char c) { return c >= ' ' && c < 0x7F && c != '"' && c != '\\'; }

// Where the first character from `at` on is that needs more than copying. Most strings are digests, names and times: sixteen
// characters are looked at together.
std::size_t end_of_plain(std::string_view text, std::size_t at) {
  using block = signed char __attribute__((vector_size(16)));
  using halves = long long __attribute__((vector_size(16)));
  const auto is_plain_block = [](const char* from) {
    block chars;
    std::memcpy(&chars, from, sizeof chars);
    const halves special = reinterpret_cast<halves>((chars < ' ') | (chars == 0x7F) | (chars == '"') | (chars == '\\'));
    return (special[0] | special[1]) == 0;
  };
  while (text.size() - at >= sizeof(block) && is_plain_block(text.data() + at)) at += sizeof(block);
  // The rest of most strings is the end of one more block, which is partly looked at twice.
  const bool is_rest = text.size() - at < sizeof(block) && text.size() >= sizeof(block);
  if (is_rest && is_plain_block(text.data() + text.size() - sizeof(block))) return text.size();
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

unsigned low_bits(char continuation) { return static_cast<unsigned char>(continuation) & 0x3Fu; }

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  out.push_back('"');
  const auto replacement = [&] { out.append("\\ufffd"); };
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i;
    i = end_of_plain(text, i);
    out.append(text.substr(begin, i - begin));
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      ++i;
      switch (c) {
        case '"': out.append("\\\""); break;
        case '\\': out.append("\\\\"); break;
        case '\n': out.append("\\n"); break;
        case '\r': out.append("\\r"); break;
        case '\t': out.append("\\t"); break;
        default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
      }
      continue;
    }
    const std::size_t size = c >= 0xF0 && c <= 0xF4 ? 4 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xC2 && c < 0xE0 ? 2 : 0;
    bool good = size != 0 && i + size <= text.size();
    for (std::size_t k = 1; good && k < size; ++k) good = (static_cast<unsigned char>(text[i + k]) & 0xC0) == 0x80;
    if (good && size > 2) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      good = !(c == 0xE0 && second < 0xA0) && !(c == 0xED && second > 0x9F) && !(c == 0xF0 && second < 0x90) &&
             !(c == 0xF4 && second > 0x8F);
    }
    if (!good) {
      replacement();
      ++i;
    } else if (const unsigned code = size == 2   ? (c & 0x1Fu) << 6 | low_bits(text[i + 1])
                                     : size == 3 ? (c & 0x0Fu) << 12 | low_bits(text[i + 1]) << 6 | low_bits(text[i + 2])
                                                 : 0x10000u;
               code < 0xA0 || code == 0x061C || (code >= 0x200E && code <= 0x2069)) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);  // C1 and what reorders text
      i += size;
    } else {
      out.append(text.substr(i, size));
      i += size;
    }
  }
  out.push_back('"');
}

}  // namespace peelbox::progress
