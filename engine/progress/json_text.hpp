// Any bytes as JSON text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace peelbox::progress {

/// The most that put_json_string() writes for a text of that many bytes.
constexpr std::size_t most_json_bytes(std::size_t text_bytes) { return 6 * text_bytes + 2 + 16; }
/// As append_json_string(), into memory with room for most_json_bytes(); returns the end of what was written.
char* put_json_string(std::string_view text, char* to);

/// Appends a JSON string (RFC 8259) with its quotes. Control characters, also those that reorder text, are escaped, so
/// the line is harmless on a terminal as well; what is not UTF-8 becomes U+FFFD.
void append_json_string(std::string_view text, std::string& out);

}  // namespace peelbox::progress
