// Base64 with the standard alphabet (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace peelbox {

/// With padding.
void append_base64(std::string_view bytes, std::string& out);
/// Without padding, as gRPC asks of senders (PROTOCOL-HTTP2 of gRPC: "Binary-Header").
std::string base64_without_padding(std::string_view bytes);
/// With or without padding. std::nullopt: not base64.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace peelbox
