// What the two kinds of call have in common.
#pragma once

#include <chrono>
#include <optional>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"
#include "h2grpc/grpc/status.hpp"  // IWYU pragma: export

namespace peelbox::h2grpc {

/// Largest incoming message; larger ones fail the call with resource_exhausted (client/client.go).
inline constexpr std::size_t max_message_size = 16 << 20;

struct call_options {
  /// Sent as grpc-timeout, and enforced on this side too.
  std::optional<std::chrono::milliseconds> deadline;
  /// For small replies, which must not wait behind bulk data of other calls.
  bool urgent = false;
  /// send() waits while more bytes than this are queued for the call; absent: connection_options::call_high_water. Use 0 for
  /// a call that carries another protocol, whose urgent bytes should not wait behind queued ones.
  std::optional<std::size_t> high_water;
};

}  // namespace peelbox::h2grpc
