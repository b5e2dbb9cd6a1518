// gRPC messages in a byte stream: one flag byte, four bytes of length, payload.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::h2grpc {

inline constexpr std::size_t message_prefix_size = 5;

/// The prefix of an uncompressed message of `size` bytes (less than 4 GiB).
std::array<std::byte, message_prefix_size> message_prefix(std::size_t size) noexcept;

struct received_message {
  byte_slice payload;
  /// Payload and prefix: what the message used of the receive window.
  std::size_t wire_size = 0;
};

/// Cuts a byte stream into messages. Every payload byte is copied once, out of the buffer that the next read reuses;
/// all whole messages of one chunk share one piece of memory.
class message_decoder {
 public:
  /// Messages above `limit` bytes are refused before anything is allocated for them.
  explicit message_decoder(std::size_t limit) : limit_(limit) {}

  /// Appends the messages that end in `chunk`. Fails with errc::limit (too large), errc::unsupported (compressed) or
  /// errc::protocol (other flags); after a failure it stays failed.
  result<void> feed(byte_view chunk, std::deque<received_message>& out);

  /// Bytes received of a message that has not ended; 0 between messages.
  std::size_t partial() const noexcept { return prefix_used_ + body_used_; }
  /// Memory of that message, which is set aside when its size is known.
  std::size_t reserved() const noexcept { return body_size_; }

 private:
  result<std::size_t> length(const std::byte* prefix);
  std::size_t take_whole(byte_view chunk, std::deque<received_message>& out);

  std::size_t limit_;
  std::array<std::byte, message_prefix_size> prefix_{};
  std::size_t prefix_used_ = 0;
  std::shared_ptr<std::byte[]> body_;  // of a message that spans chunks
  std::size_t body_size_ = 0;
  std::size_t body_used_ = 0;
  std::optional<failure> failed_;
};

}  // namespace peelbox::h2grpc
