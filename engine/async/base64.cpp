#include "engine/async/base64.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include <array>
#include <cstdint>

namespace peelbox {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto values = [] {
  std::array<std::int8_t, 256> all{};
  for (auto& v : all) v = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    all[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return all;
}();

#ifdef __x86_64__
// Takes twice twelve bytes at a time, as W. Muła and D. Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions"
// (2018), describe it. Returns how many bytes it took; it loads up to four bytes more than those.
__attribute__((target("avx2"))) std::size_t encode_with_avx2(std::string_view bytes, char* to) {
  // Spreads each group of three bytes a, b, c over four: b a c b.
  const __m256i spread = _mm256_broadcastsi128_si256(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
  // What to add to a value, by its range: first 26..51, then ten for the digits, 62, 63, and last 0..25.
  constexpr char lower = 'a' - 26;
  constexpr char digit = '0' - 52;
  const __m256i offsets = _mm256_broadcastsi128_si256(_mm_setr_epi8(lower, digit, digit, digit, digit, digit, digit, digit,
                                                                    digit, digit, digit, '+' - 62, '/' - 63, 'A', 0, 0));
  std::size_t at = 0;
  for (; bytes.size() - at >= 28; at += 24, to += 32) {
    const auto* const from = reinterpret_cast<const __m128i*>(bytes.data() + at);
    const auto* const second = reinterpret_cast<const __m128i*>(bytes.data() + at + 12);
    __m256i group = _mm256_set_m128i(_mm_loadu_si128(second), _mm_loadu_si128(from));
    group = _mm256_shuffle_epi8(group, spread);
    // Multiplying shifts each sixteen-bit half by its own width.
    const __m256i odd = _mm256_and_si256(group, _mm256_set1_epi32(0x0FC0FC00));
    const __m256i even = _mm256_and_si256(group, _mm256_set1_epi32(0x003F03F0));
    const __m256i sextets = _mm256_or_si256(_mm256_mulhi_epu16(odd, _mm256_set1_epi32(0x04000040)),
                                            _mm256_mullo_epi16(even, _mm256_set1_epi32(0x01000010)));
    __m256i range = _mm256_subs_epu8(sextets, _mm256_set1_epi8(51));
    range = _mm256_or_si256(range, _mm256_and_si256(_mm256_cmpgt_epi8(_mm256_set1_epi8(26), sextets), _mm256_set1_epi8(13)));
    const __m256i text = _mm256_add_epi8(sextets, _mm256_shuffle_epi8(offsets, range));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), text);
  }
  return at;
}
#endif

std::size_t encode_quickly([[maybe_unused]] std::string_view bytes, [[maybe_unused]] char* to) {
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2")) return encode_with_avx2(bytes, to);
#endif
  return 0;
}

}  // namespace

void append_base64(std::string_view bytes, std::string& out) {
  const auto byte = [](char c) -> std::uint32_t { return static_cast<unsigned char>(c); };
  const std::size_t before = out.size();
  out.resize(before + (bytes.size() + 2) / 3 * 4);
  char* to = out.data() + before;
  const auto put = [&to](std::uint32_t group) {
    for (int shift = 18; shift >= 0; shift -= 6) *to++ = alphabet[group >> shift & 63];
  };
  const std::size_t done = encode_quickly(bytes, to);
  to += done / 3 * 4;
  const char* from = bytes.data() + done;
  const char* const whole = from + (bytes.size() - done) / 3 * 3;
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
