#include "engine/async/base64.hpp"

#include <endian.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace peelbox {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Both characters for each twelve bits: two look-ups for three bytes instead of four.
constexpr auto pairs = [] {
  std::array<std::array<char, 2>, 4096> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = {alphabet[i >> 6], alphabet[i & 63]};
  return all;
}();

constexpr auto values = [] {
  std::array<std::int8_t, 256> all{};
  for (auto& v : all) v = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    all[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return all;
}();

}  // namespace

void append_base64(std::string_view bytes, std::string& out) {
  const auto byte = [](char c) -> std::uint32_t { return static_cast<unsigned char>(c); };
  const std::size_t before = out.size();
  out.resize(before + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + before;
  const auto put = [&to](std::uint32_t group) {
    std::memcpy(to, pairs[group >> 12].data(), 2);
    std::memcpy(to + 2, pairs[group & 4095].data(), 2);
    to += 4;
  };
  const char* from = bytes.data();
  const char* const end = from + bytes.size();
  for (; end - from >= 8; from += 6) {  // six of the eight bytes that are loaded
    std::uint64_t word = 0;
    std::memcpy(&word, from, 8);
    word = be64toh(word);
    put(static_cast<std::uint32_t>(word >> 40));
    put(static_cast<std::uint32_t>(word >> 16) & 0xFFFFFF);
  }
  const char* const whole = from + (end - from) / 3 * 3;
  for (; from != whole; from += 3) put(byte(from[0]) << 16 | byte(from[1]) << 8 | byte(from[2]));
  const std::size_t left = bytes.size() % 3;
  if (left == 0) return;
  put(byte(from[0]) << 16 | (left == 2 ? byte(from[1]) << 8 : 0));
  to[-1] = '=';
  if (left == 1) to[-2] = '=';
}

std::string base64_without_padding(std::string_view bytes) {
  std::string text;
  append_base64(bytes, text);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int value = values[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<char>((bits >> held) & 0xff));
    }
  }
  return bytes;
}

}  // namespace peelbox
