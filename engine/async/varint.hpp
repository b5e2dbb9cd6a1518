// Integers in base 128, least significant part first, as protobuf writes them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace peelbox {

/// Most bytes of one integer.
constexpr std::size_t max_varint = 10;

constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

/// Writes varint_size(value) bytes and returns their end. `Byte` is char or std::byte.
template <class Byte>
constexpr Byte* put_varint(Byte* out, std::uint64_t value) noexcept {
  while (value >= 0x80) {
    *out++ = static_cast<Byte>(static_cast<unsigned char>(value | 0x80));
    value >>= 7;
  }
  *out++ = static_cast<Byte>(static_cast<unsigned char>(value));
  return out;
}

/// Reads from bytes that nobody has checked. Returns the end of the integer; null when it does not end before `end` or is
/// too long.
template <class Byte>
constexpr const Byte* read_varint(const Byte* at, const Byte* end, std::uint64_t& value) noexcept {
  value = 0;
  for (std::size_t i = 0; i < max_varint && at != end; ++i) {
    const auto byte = static_cast<std::uint64_t>(static_cast<unsigned char>(*at++));
    // The tenth byte has one bit; higher ones are dropped, as protobuf decoders do.
    value |= (byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) return at;
  }
  return nullptr;
}

}  // namespace peelbox
