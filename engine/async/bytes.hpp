// Payload between file and socket: shared, not copied.
#pragma once

#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace peelbox {

using byte_view = std::span<const std::byte>;

inline byte_view as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(byte_view bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A piece of immutable memory and a share in its owner. Copying copies the reference, not the bytes.
class byte_slice {
 public:
  byte_slice() = default;
  byte_slice(std::shared_ptr<const void> owner, byte_view bytes) : owner_(std::move(owner)), view_(bytes) {}

  /// Takes ownership of the string.
  static byte_slice of(std::string text) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    const byte_view bytes = peelbox::as_bytes(*owner);
    return {std::move(owner), bytes};
  }
  /// For memory that lives as long as the program, such as a literal.
  static byte_slice of_static(std::string_view text) { return {nullptr, peelbox::as_bytes(text)}; }

  byte_view view() const noexcept { return view_; }
  std::string_view text() const noexcept { return as_text(view_); }
  const std::byte* data() const noexcept { return view_.data(); }
  std::size_t size() const noexcept { return view_.size(); }
  bool empty() const noexcept { return view_.empty(); }
  byte_slice sub(std::size_t offset, std::size_t count = std::dynamic_extent) const {
    return {owner_, view_.subspan(offset, std::min(count, view_.size() - offset))};
  }

 private:
  std::shared_ptr<const void> owner_;
  byte_view view_;
};

/// A sequence of slices: one message or one write.
/// Pieces below `copy_below` bytes are copied into shared blocks, because one more element of a gathered write would
/// cost more than the copy. Larger ones are only referenced.
class byte_chain {
 public:
  static constexpr std::size_t copy_below = 512;
  /// Blocks grow between these sizes. The first is small, because most chains have only one small header.
  static constexpr std::size_t first_block_size = 1024;
  static constexpr std::size_t block_size = 16 * 1024;

  byte_chain() = default;
  explicit byte_chain(byte_slice slice) { append(std::move(slice)); }
  byte_chain(byte_chain&& other) noexcept { swap(other); }
  byte_chain& operator=(byte_chain&& other) noexcept {
    byte_chain taken(std::move(other));
    swap(taken);
    return *this;
  }
  byte_chain(const byte_chain&) = delete;
  byte_chain& operator=(const byte_chain&) = delete;

  void append(byte_slice slice);
  void append(byte_chain&& other);
  /// Copies the bytes; for headers and other small things.
  void append_copy(byte_view bytes);
  void append_copy(std::string_view text) { append_copy(as_bytes(text)); }

  /// Removes `count` bytes (at most size()) from the front.
  void consume(std::size_t count);
  /// Moves the first `count` bytes (at most size()) to the end of `target`.
  void move_front(std::size_t count, byte_chain& target);

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  /// Valid until the chain changes.
  std::span<const byte_slice> slices() const noexcept { return {slices_.data() + head_, slices_.size() - head_}; }
  /// All bytes in one string; for tests and small messages.
  std::string str() const;
  /// How many bytes append_copy and append have copied in this process; for a test that payload is not copied.
  static std::uint64_t copied_bytes() noexcept;

 private:
  void swap(byte_chain& other) noexcept;
  void drop_front();

  // A queue in a vector: chains are made and moved often, and an empty vector needs no allocation.
  std::vector<byte_slice> slices_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
  // The block that append_copy is filling; the last slice ends at block_used_ when tail_is_block_.
  std::shared_ptr<std::byte[]> block_;
  std::size_t block_capacity_ = 0;
  std::size_t block_used_ = 0;
  bool tail_is_block_ = false;
};

}  // namespace peelbox
