// Reads decisions from a fuzzer's input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>

#include "engine/async/bytes.hpp"

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

inline void require(bool good, std::source_location where = std::source_location::current()) {
  if (good) return;
  std::fprintf(stderr, "%s:%u: a rule of this fuzzer is broken\n", where.file_name(), static_cast<unsigned>(where.line()));
  std::abort();
}

}  // namespace peelbox::fuzz
