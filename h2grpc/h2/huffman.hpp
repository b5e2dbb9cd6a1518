// HPACK's Huffman code, decoding only (RFC 7541, 5.2 and appendix B).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace peelbox::h2grpc::h2 {

/// std::nullopt: not a valid encoding.
std::optional<std::string> huffman_decode(std::string_view encoded);

}  // namespace peelbox::h2grpc::h2
