#include "engine/async/base64.hpp"

#include <gtest/gtest.h>

namespace peelbox {
namespace {

TEST(Base64, VectorsOfRfc4648WithoutPadding) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},           {"f", "Zg"},         {"fo", "Zm8"},
                                                         {"foo", "Zm9v"},    {"foob", "Zm9vYg"},  {"fooba", "Zm9vYmE"},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(base64_without_padding(plain), text);
    EXPECT_EQ(decode_base64(text), plain);
  }
}

TEST(Base64, PaddingIsOptional) {
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const char* text : {"Z", "Zm9vY", "Zm-v", "Z===", "Zg==Zg==", "Zm 9v"}) EXPECT_FALSE(decode_base64(text)) << text;
}

TEST(Base64, EveryByteAtEveryPositionSurvives) {
  for (int byte = 0; byte < 256; ++byte)
    for (std::size_t before = 0; before < 4; ++before) {
      const std::string plain = std::string(before, 'x') + static_cast<char>(byte);
      EXPECT_EQ(decode_base64(base64_without_padding(plain)), plain);
    }
}

std::string bit_by_bit(std::string_view data) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t bit = 0; bit < data.size() * 8; bit += 6) {
    std::size_t digit = 0;
    for (std::size_t at = bit; at < bit + 6; ++at) {
      const auto byte = at / 8 < data.size() ? static_cast<unsigned char>(data[at / 8]) : 0u;
      digit = digit * 2 + (byte >> (7 - at % 8) & 1);
    }
    text.push_back(alphabet[digit]);
  }
  text.resize((data.size() + 2) / 3 * 4, '=');
  return text;
}

// Written twenty-four, three and fewer bytes at a time, which differ from a bit by bit encoder nowhere.
TEST(Base64, AnyLengthWithPadding) {
  std::string data;
  for (int length = 0; length < 200; ++length, data.push_back(static_cast<char>(length * 89 + 131))) {
    std::string text = "before";
    append_base64(data, text);
    EXPECT_EQ(text, "before" + bit_by_bit(data));
  }
}

TEST(Base64, LongTexts) {
  for (const std::size_t size : {3071u, 3072u, 3073u, 6144u, 10'000u}) {
    std::string data(size, 'x');
    for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<char>(i * 31 + i / 256);
    std::string text;
    append_base64(data, text);
    EXPECT_EQ(text, bit_by_bit(data));
  }
}

TEST(Base64, AnyByteInAnyPlace) {
  for (int byte = 0; byte < 256; ++byte)
    for (std::size_t place = 0; place < 24; ++place) {
      std::string data(30, static_cast<char>(~byte));
      data[place] = static_cast<char>(byte);
      std::string text;
      append_base64(data, text);
      EXPECT_EQ(text, bit_by_bit(data));
    }
}

}  // namespace
}  // namespace peelbox
