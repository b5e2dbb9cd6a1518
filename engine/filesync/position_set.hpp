// A set of positions in a sequence, for walking over patterns without backtracking.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace peelbox::filesync {

/// Members are numbers below `count`. Up to 128 it allocates nothing.
class position_set {
 public:
  explicit position_set(std::size_t count) : words_((count + 63) / 64) {
    if (words_ > inline_.size()) heap_.resize(words_);
  }
  void clear() noexcept { std::fill_n(data(), words_, 0); }
  void set(std::size_t i) noexcept { data()[i / 64] |= std::uint64_t{1} << (i % 64); }
  bool test(std::size_t i) const noexcept { return (data()[i / 64] >> (i % 64) & 1) != 0; }
  bool none() const noexcept {
    return std::all_of(data(), data() + words_, [](std::uint64_t word) { return word == 0; });
  }
  /// Calls use(i) for members in ascending order; members behind i that use() adds are visited too.
  template <class Use>
  void each(Use use) const {
    for (std::size_t w = 0; w < words_; ++w) {
      std::uint64_t visited = 0;
      for (std::uint64_t left = data()[w]; left != 0; left = data()[w] & ~visited) {
        const std::uint64_t lowest = left & (~left + 1);
        visited |= lowest | (lowest - 1);
        use(w * 64 + static_cast<std::size_t>(__builtin_ctzll(left)));
      }
    }
  }
  void swap(position_set& other) noexcept {
    std::swap(inline_, other.inline_);
    heap_.swap(other.heap_);
  }

 private:
  std::uint64_t* data() noexcept { return heap_.empty() ? inline_.data() : heap_.data(); }
  const std::uint64_t* data() const noexcept { return heap_.empty() ? inline_.data() : heap_.data(); }
  std::size_t words_;
  std::array<std::uint64_t, 2> inline_{};
  std::vector<std::uint64_t> heap_;
};

}  // namespace peelbox::filesync
