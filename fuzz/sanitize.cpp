// Any bytes, cut anywhere: the output is harmless, valid UTF-8, the same for every cut, and a fixed point.
#include "engine/progress/sanitize.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "engine/progress/line_splitter.hpp"

using namespace peelbox::progress;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t piece = data[0] % 7 + 1u;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = sanitize(text);
  for (const char c : whole) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F) std::abort();
  }
  if (sanitize(whole) != whole) std::abort();

  sanitizer stream;
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += piece) stream.feed(text.substr(at, piece), out);
  stream.finish(out);
  if (out != whole) std::abort();

  const std::string line = sanitize_line(text, 40);
  if (line.find('\n') != std::string::npos || line.size() > 43) std::abort();
  const std::string_view cut = cut_to_width(whole, 10);
  if (text_width(cut) > 10 || text_width(whole) < text_width(cut)) std::abort();

  line_splitter lines;
  std::string scratch;
  const auto check = [&scratch](std::size_t begin, std::size_t length, wall_time) {
    if (begin + length > scratch.size() || length > 64) std::abort();
    if (std::string_view(scratch).substr(begin, length).find_first_of("\n\x1b") != std::string_view::npos) std::abort();
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    lines.feed(text.substr(at, piece), {}, 64, scratch, check);
    if (lines.partial().size() > 64 + 1) std::abort();
  }
  lines.finish(64, scratch, check);
  return 0;
}
