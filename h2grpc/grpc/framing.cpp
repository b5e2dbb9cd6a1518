#include "h2grpc/grpc/framing.hpp"

#include <algorithm>
#include <cstring>

namespace peelbox::h2grpc {

namespace {

// Not initialised, because the copy overwrites it.
std::shared_ptr<std::byte[]> allocate(std::size_t size) { return std::make_shared_for_overwrite<std::byte[]>(size); }

std::size_t big_endian(const std::byte* four) noexcept {
  return std::to_integer<std::size_t>(four[0]) << 24 | std::to_integer<std::size_t>(four[1]) << 16 |
         std::to_integer<std::size_t>(four[2]) << 8 | std::to_integer<std::size_t>(four[3]);
}

}  // namespace

std::array<std::byte, message_prefix_size> message_prefix(std::size_t size) noexcept {
  return {std::byte{0}, static_cast<std::byte>(size >> 24), static_cast<std::byte>(size >> 16),
          static_cast<std::byte>(size >> 8), static_cast<std::byte>(size)};
}

result<std::size_t> message_decoder::length(const std::byte* prefix) {
  if (prefix[0] == std::byte{1})
    failed_.emplace(errc::unsupported, "the peer sent a compressed message, which was not agreed on", origin::peer);
  else if (prefix[0] != std::byte{0})
    failed_.emplace(errc::protocol, "the peer sent bytes that are not a gRPC message", origin::peer);
  if (failed_) return *failed_;
  const std::size_t size = big_endian(prefix + 1);
  if (size > limit_) {
    failed_.emplace(errc::limit,
                    "the peer's message of " + std::to_string(size) + " bytes is larger than the limit of " +
                        std::to_string(limit_),
                    origin::peer);
    return *failed_;
  }
  return size;
}

// Takes the complete messages at the front of `chunk` with one copy; returns the bytes taken.
std::size_t message_decoder::take_whole(byte_view chunk, std::deque<received_message>& out) {
  std::size_t end = 0;
  std::size_t count = 0;
  while (chunk.size() - end >= message_prefix_size && chunk[end] == std::byte{0}) {
    const std::size_t size = big_endian(chunk.data() + end + 1);
    if (size > limit_ || chunk.size() - end - message_prefix_size < size) break;
    end += message_prefix_size + size;
    ++count;
  }
  if (count == 0) return 0;
  const auto memory = allocate(end);
  std::memcpy(memory.get(), chunk.data(), end);
  for (std::size_t at = 0; at < end;) {
    const std::size_t size = big_endian(memory.get() + at + 1);
    at += message_prefix_size;
    out.push_back({byte_slice(memory, {memory.get() + at, size}), message_prefix_size + size});
    at += size;
  }
  return end;
}

result<void> message_decoder::feed(byte_view chunk, std::deque<received_message>& out) {
  if (failed_) return *failed_;
  while (!chunk.empty()) {
    if (prefix_used_ == 0) chunk = chunk.subspan(take_whole(chunk, out));
    if (prefix_used_ < message_prefix_size) {
      const std::size_t count = std::min(chunk.size(), message_prefix_size - prefix_used_);
      if (count == 0) break;
      std::memcpy(prefix_.data() + prefix_used_, chunk.data(), count);
      prefix_used_ += count;
      chunk = chunk.subspan(count);
      if (prefix_used_ < message_prefix_size) break;
      const auto size = length(prefix_.data());
      if (size.has_error()) return size.error();
      body_size_ = *size;
      body_used_ = 0;
      body_ = body_size_ > 0 ? allocate(body_size_) : nullptr;
    }
    const std::size_t count = std::min(chunk.size(), body_size_ - body_used_);
    if (count > 0) std::memcpy(body_.get() + body_used_, chunk.data(), count);
    body_used_ += count;
    chunk = chunk.subspan(count);
    if (body_used_ < body_size_) break;
    const byte_view payload(body_.get(), body_size_);
    out.push_back({byte_slice(std::move(body_), payload), message_prefix_size + body_size_});
    prefix_used_ = body_used_ = body_size_ = 0;
  }
  return {};
}

}  // namespace peelbox::h2grpc
