// Any bytes as JSON text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace peelbox::progress {

/// What put_json_string() may write for so many bytes of text.
constexpr std::size_t most_json_bytes(std::size_t text_bytes) { return 6 * text_bytes + 2 + 16; }
/// append_json_string() into memory that has room for most_json_bytes(); gives the end of what was written.
char* put_json_string(std::string_view text, char* to);

/// Appends a JSON string (RFC 8259) with its quotes. Control characters, also those that reorder text, are escaped, so
/// the line is harmless on a terminal as well; what is not UTF-8 becomes U+FFFD.
void append_json_string(std::string_view text, std::string& out);

}  // namespace peelbox::progress
