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
  std::swap(head_, other.head_);
  std::swap(size_, other.size_);
  block_.swap(other.block_);
  std::swap(block_capacity_, other.block_capacity_);
  std::swap(block_used_, other.block_used_);
  std::swap(tail_is_block_, other.tail_is_block_);
}

void byte_chain::append(byte_slice slice) {
  if (slice.empty()) return;
  // A first slice cannot be gathered with another, and a block for it alone would be much larger than the slice.
  if (slice.size() < copy_below && !empty()) return append_copy(slice.view());
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
  for (std::size_t i = taken.head_; i < taken.slices_.size(); ++i) append(std::move(taken.slices_[i]));
}

void byte_chain::append_copy(byte_view bytes) {
  copied.fetch_add(bytes.size(), std::memory_order_relaxed);
  while (!bytes.empty()) {
    if (block_used_ == block_capacity_) {
      block_capacity_ = block_capacity_ == 0 && bytes.size() <= first_block_size ? first_block_size : block_size;
      block_ = std::make_shared_for_overwrite<std::byte[]>(block_capacity_);
      block_used_ = 0;
      tail_is_block_ = false;
    }
    const std::size_t count = std::min(bytes.size(), block_capacity_ - block_used_);
    std::byte* const target = block_.get() + block_used_;
    std::memcpy(target, bytes.data(), count);
    block_used_ += count;
    size_ += count;
    if (tail_is_block_ && head_ < slices_.size()) {
      const byte_slice& last = slices_.back();
      slices_.back() = byte_slice(block_, {last.data(), last.size() + count});
    } else {
      slices_.push_back(byte_slice(block_, {target, count}));
      tail_is_block_ = true;
    }
    bytes = bytes.subspan(count);
  }
}

// The slices before head_ are empty. They are removed when they are the larger part, so each slice is moved rarely.
void byte_chain::drop_front() {
  slices_[head_] = byte_slice();
  ++head_;
  if (head_ == slices_.size()) {
    slices_.clear();
    head_ = 0;
    tail_is_block_ = false;
  } else if (head_ >= 32 && head_ * 2 > slices_.size()) {
    slices_.erase(slices_.begin(), slices_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
}

void byte_chain::consume(std::size_t count) {
  count = std::min(count, size_);
  size_ -= count;
  while (count > 0) {
    byte_slice& first = slices_[head_];
    if (count < first.size()) {
      first = first.sub(count);
      return;
    }
    count -= first.size();
    drop_front();
  }
}

void byte_chain::move_front(std::size_t count, byte_chain& target) {
  count = std::min(count, size_);
  size_ -= count;
  while (count > 0) {
    byte_slice& first = slices_[head_];
    if (count < first.size()) {
      target.append(first.sub(0, count));
      first = first.sub(count);
      return;
    }
    count -= first.size();
    target.append(std::move(first));
    drop_front();
  }
}

std::string byte_chain::str() const {
  std::string text;
  text.reserve(size_);
  for (const auto& slice : slices()) text += slice.text();
  return text;
}

}  // namespace peelbox
