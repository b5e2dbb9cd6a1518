// Recognises peers that speak something else, from their first bytes.
#pragma once

#include <optional>
#include <string>

#include "engine/async/bytes.hpp"
#include "h2grpc/h2/types.hpp"

namespace peelbox::h2grpc::h2 {

/// How many bytes to look at.
inline constexpr std::size_t preface_look = 64;

/// Why `first`, the peer's first bytes so far, cannot begin an HTTP/2 connection; std::nullopt while they can.
/// A server begins with a SETTINGS frame, whose first byte is zero (RFC 9113, 3.4); a client with "PRI * HTTP/2.0".
/// `complete`: no more bytes will come, so an undecided beginning counts as wrong.
std::optional<std::string> not_http2(byte_view first, role ours, bool complete = false);

}  // namespace peelbox::h2grpc::h2
