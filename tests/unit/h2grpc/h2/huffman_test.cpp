#include "h2grpc/h2/huffman.hpp"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <memory>
#include <random>

namespace peelbox::h2grpc::h2 {
namespace {

// nghttp2's encoder is the reference. It uses the code only where that is shorter, hence the zeros.
std::string encode(const std::string& text) {
  nghttp2_hd_deflater* raw = nullptr;
  nghttp2_hd_deflate_new(&raw, 4096);
  const std::unique_ptr<nghttp2_hd_deflater, decltype(&nghttp2_hd_deflate_del)> deflater(raw, &nghttp2_hd_deflate_del);
  std::string name = "x", value = text;
  const nghttp2_nv field{reinterpret_cast<std::uint8_t*>(name.data()), reinterpret_cast<std::uint8_t*>(value.data()), 1,
                         value.size(), NGHTTP2_NV_FLAG_NO_INDEX};
  std::string out(nghttp2_hd_deflate_bound(raw, &field, 1), '\0');
  const auto size = nghttp2_hd_deflate_hd(raw, reinterpret_cast<std::uint8_t*>(out.data()), out.size(), &field, 1);
  out.resize(static_cast<std::size_t>(size));
  out.erase(0, 3);  // the kind, the name's length, the name
  EXPECT_TRUE(out.front() & 0x80) << "not Huffman";
  std::size_t at = 1;
  if ((out.front() & 0x7f) == 0x7f)
    while (out[at++] & 0x80) {
    }
  return out.substr(at);
}

TEST(Huffman, DecodesEveryByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = std::string(40, '0') + std::string(3, static_cast<char>(byte)) + "0";
    EXPECT_EQ(huffman_decode(encode(text)), text) << byte;
  }
}

TEST(Huffman, DecodesRandomTexts) {
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    std::string text(random() % 300 + 1, '0');
    for (char& c : text)
      if (random() % 8 == 0) c = static_cast<char>(random());
    text += std::string(text.size() * 4, 'e');
    EXPECT_EQ(huffman_decode(encode(text)), text);
  }
}

TEST(Huffman, VectorOfRfc7541AppendixC) {
  EXPECT_EQ(huffman_decode("\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"), "www.example.com");
  EXPECT_EQ(huffman_decode(""), "");
}

TEST(Huffman, RefusesBadPaddingAndEos) {
  EXPECT_FALSE(huffman_decode(std::string_view("\x00", 1)));      // "0" and three zeros
  EXPECT_FALSE(huffman_decode("\xff"));                           // eight ones
  EXPECT_FALSE(huffman_decode("\xff\xff\xff\xff"));               // EOS
  EXPECT_TRUE(huffman_decode("\x07"));                            // "0" and three ones
}

}  // namespace
}  // namespace peelbox::h2grpc::h2
