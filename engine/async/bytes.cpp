#include "engine/async/bytes.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace peelbox {

namespace {
std::atomic<std::uint64_t> copied{0};
}

std::uint64_t byte_chain::copied_bytes() noexcept { return copied.load(std::memory_order_relaxed); }

void byte_chain::swap(byte_chain& other) noexcept {
  slices_.swap(other.slices_);
  std::swap(size_, other.size_);
  block_.swap(other.block_);
  std::swap(block_used_, other.block_used_);
  std::swap(tail_is_block_, other.tail_is_block_);
}

void byte_chain::append(byte_slice slice) {
  if (slice.empty()) return;
  if (slice.size() < copy_below) return append_copy(slice.view());
  size_ += slice.size();
  slices_.push_back(std::move(slice));
  tail_is_block_ = false;
}

void byte_chain::append(byte_chain&& other) {
  if (empty()) {
    *this = std::move(other);
    return;
  }
  byte_chain taken(std::move(other));
  for (auto& slice : taken.slices_) append(std::move(slice));
}

void byte_chain::append_copy(byte_view bytes) {
  copied.fetch_add(bytes.size(), std::memory_order_relaxed);
  while (!bytes.empty()) {
    if (!block_ || block_used_ == block_size) {
      block_ = std::shared_ptr<std::byte[]>(new std::byte[block_size]);
      block_used_ = 0;
      tail_is_block_ = false;
    }
    const std::size_t count = std::min(bytes.size(), block_size - block_used_);
    std::byte* const target = block_.get() + block_used_;
    std::memcpy(target, bytes.data(), count);
    block_used_ += count;
    size_ += count;
    if (tail_is_block_ && !slices_.empty()) {
      const byte_slice& last = slices_.back();
      slices_.back() = byte_slice(block_, {last.data(), last.size() + count});
    } else {
      slices_.push_back(byte_slice(block_, {target, count}));
      tail_is_block_ = true;
    }
    bytes = bytes.subspan(count);
  }
}

void byte_chain::consume(std::size_t count) {
  count = std::min(count, size_);
  size_ -= count;
  while (count > 0) {
    byte_slice& first = slices_.front();
    if (count < first.size()) {
      first = first.sub(count);
      return;
    }
    count -= first.size();
    slices_.pop_front();
  }
  if (slices_.empty()) tail_is_block_ = false;
}

void byte_chain::move_front(std::size_t count, byte_chain& target) {
  count = std::min(count, size_);
  size_ -= count;
  while (count > 0) {
    byte_slice& first = slices_.front();
    if (count < first.size()) {
      target.append(first.sub(0, count));
      first = first.sub(count);
      return;
    }
    count -= first.size();
    target.append(std::move(first));
    slices_.pop_front();
  }
  if (slices_.empty()) tail_is_block_ = false;
}

std::string byte_chain::str() const {
  std::string text;
  text.reserve(size_);
  for (const auto& slice : slices_) text += slice.text();
  return text;
}

}  // namespace peelbox
