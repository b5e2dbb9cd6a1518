// Any bytes as JSON text.
#pragma once

#include <string>
#include <string_view>

namespace peelbox::progress {

/// Appends a JSON string (RFC 8259) with its quotes. Control characters, also those that reorder text, are escaped, so
/// the line is harmless on a terminal as well; what is not UTF-8 becomes U+FFFD.
void append_json_string(std::string_view text, std::string& out);

}  // namespace peelbox::progress
