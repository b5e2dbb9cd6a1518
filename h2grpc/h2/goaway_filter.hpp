// Lets the orderly goodbye of grpc-go's clients through, which nghttp2 takes for a broken rule.
#pragma once

#include <array>
#include <cstddef>

#include "engine/async/bytes.hpp"
#include "h2grpc/h2/types.hpp"

namespace peelbox::h2grpc::h2 {

/// GOAWAY names the last stream that its sender will handle, of those that the *receiver* opened (RFC 9113, 6.8). grpc-go's
/// clients name their own last one, or 2^31-1 (http2_client.go, outgoingGoAwayHandler): odd, where a server's streams are
/// even. nghttp2 ends the connection then. Our servers open no streams, so the id means nothing to them: on its way to
/// nghttp2 it becomes 0. In the client role, and for everything else, bytes pass unchanged.
class goaway_filter {
 public:
  explicit goaway_filter(role ours);

  /// The next bytes for nghttp2, taken from the front of `in`; maybe none. They are part of `in` or valid until the next
  /// call.
  byte_view next(byte_view& in);

 private:
  static constexpr std::size_t head_size = 9;
  static constexpr std::size_t id_size = 4;

  bool server_;
  std::size_t pass_;      // bytes that pass unseen: the client's magic, the rest of a frame
  std::size_t skip_ = 0;  // bytes of the id that are replaced
  std::array<std::byte, head_size + id_size> head_{};
  std::size_t head_used_ = 0;
};

}  // namespace peelbox::h2grpc::h2
