// Reads decisions from a fuzzer's input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/async/bytes.hpp"
#include "fuzz/require.hpp"

namespace peelbox::fuzz {

class input {
 public:
  input(const std::uint8_t* data, std::size_t size) : at_(reinterpret_cast<const std::byte*>(data)), left_(size) {}

  bool empty() const { return left_ == 0; }
  std::uint8_t byte() { return empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(*take(1).data()); }
  byte_view take(std::size_t count) {
    count = std::min(count, left_);
    const byte_view taken(at_, count);
    at_ += count;
    left_ -= count;
    return taken;
  }

 private:
  const std::byte* at_;
  std::size_t left_;
};

}  // namespace peelbox::fuzz
