#include "h2grpc/h2/huffman.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace peelbox::h2grpc::h2 {

namespace {

// The length in bits of each byte's code. The code is canonical (codes of one length count up with the byte), so lengths suffice.
constexpr std::array<std::uint8_t, 256> code_bits{
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
};
constexpr std::size_t longest = 30;  // also the length of EOS, whose code is the last one: all ones

struct decoder_table {
  std::array<std::uint32_t, longest + 1> first{};   // the first code of each length
  std::array<std::uint32_t, longest + 1> count{};   // codes of each length
  std::array<std::uint32_t, longest + 1> offset{};  // of a length's first byte in `bytes`
  std::array<std::uint8_t, 256> bytes{};            // by length, then by value
};

constexpr decoder_table make_table() {
  decoder_table t;
  for (const std::uint8_t bits : code_bits) ++t.count[bits];
  std::uint32_t code = 0;
  std::uint32_t filled = 0;
  for (std::size_t bits = 1; bits <= longest; ++bits) {
    code <<= 1;
    t.first[bits] = code;
    t.offset[bits] = filled;
    for (std::size_t byte = 0; byte < code_bits.size(); ++byte)
      if (code_bits[byte] == bits) t.bytes[filled++] = static_cast<std::uint8_t>(byte);
    code += t.count[bits];
  }
  return t;
}
constexpr decoder_table table = make_table();

}  // namespace

std::optional<std::string> huffman_decode(std::string_view encoded) {
  std::string text;
  text.reserve(encoded.size() * 8 / 5);
  std::uint32_t code = 0;
  std::size_t bits = 0;
  for (const char c : encoded) {
    for (int shift = 7; shift >= 0; --shift) {
      code = code << 1 | ((static_cast<unsigned char>(c) >> shift) & 1u);
      if (++bits > longest) return std::nullopt;
      const std::uint32_t index = code - table.first[bits];
      if (code < table.first[bits] || index >= table.count[bits]) continue;
      text.push_back(static_cast<char>(table.bytes[table.offset[bits] + index]));
      code = 0;
      bits = 0;
    }
  }
  // Padding: fewer than eight ones.
  if (bits > 7 || code != (1u << bits) - 1) return std::nullopt;
  return text;
}

}  // namespace peelbox::h2grpc::h2
