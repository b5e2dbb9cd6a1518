// Text of others, made harmless for a terminal and for a log file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace peelbox::progress {

/// Removes escape sequences (colours, cursor movement, titles, clipboard: ECMA-48 CSI, OSC, DCS, SOS, PM, APC) and
/// control characters; replaces by U+FFFD what is not UTF-8 (RFC 3629), and the characters that reorder or
/// break lines on a screen (Unicode bidirectional controls, line and paragraph separator). Keeps \n and \t.
///
/// Works on a stream: however the input is cut, the output is the same. State is a few bytes. An unfinished
/// escape string ends at a line end or after `longest_escape` bytes, so it cannot hide the rest of a log.
class sanitizer {
 public:
  static constexpr std::uint32_t longest_escape = 4096;

  enum class carriage_return { drop, keep };

  sanitizer() = default;
  explicit sanitizer(carriage_return cr) : cr_(cr) {}

  /// Appends the harmless form of `chunk` to `out`.
  void feed(std::string_view chunk, std::string& out);
  /// The stream ended: an incomplete character becomes U+FFFD, an incomplete escape sequence vanishes.
  void finish(std::string& out);

 private:
  enum class state : std::uint8_t { text, escape, escape_intermediate, control_sequence, string, string_escape };

  void take_code_point(char32_t c, std::string& out);
  void take_in_escape(unsigned char c, std::string& out);
  void take_utf8(unsigned char c, std::string& out);

  state state_ = state::text;
  carriage_return cr_ = carriage_return::drop;
  std::uint32_t escape_length_ = 0;
  // An incomplete UTF-8 sequence.
  std::uint8_t expected_ = 0;
  unsigned char lowest_next_ = 0x80;
  unsigned char highest_next_ = 0xBF;
  char32_t code_point_ = 0;
};

/// The same for a whole text; line ends and tabs stay.
std::string sanitize(std::string_view text);
/// A name or other one-line text: line ends and tabs become a space; at most `limit` bytes, then "…".
std::string sanitize_line(std::string_view text, std::size_t limit = 1024);

/// Columns that sanitised text takes on a terminal; a tab counts as one.
std::size_t text_width(std::string_view text);
/// The longest beginning of `text` that fits in `columns`; no character is cut.
std::string_view cut_to_width(std::string_view text, std::size_t columns);

}  // namespace peelbox::progress
