// Base64 as gRPC metadata uses it (PROTOCOL-HTTP2 of gRPC: "Binary-Header").
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace peelbox::h2grpc {

/// Standard alphabet, no padding, as gRPC asks of senders.
std::string base64_encode(std::string_view bytes);

/// With or without padding. std::nullopt: not base64.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace peelbox::h2grpc
