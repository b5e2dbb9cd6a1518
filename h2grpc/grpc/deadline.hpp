// The grpc-timeout header: at most eight digits and a unit (PROTOCOL-HTTP2 of gRPC: "Timeout").
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace peelbox::h2grpc {

/// In the finest unit that fits into eight digits, rounded up. Zero or less becomes "1n", which has passed on arrival.
std::string encode_timeout(std::chrono::milliseconds timeout);

/// std::nullopt: not a timeout. Rounded up to milliseconds; what exceeds a century counts as a century.
std::optional<std::chrono::milliseconds> decode_timeout(std::string_view text);

}  // namespace peelbox::h2grpc
