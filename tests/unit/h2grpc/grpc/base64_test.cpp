#include "h2grpc/grpc/base64.hpp"

#include <gtest/gtest.h>

namespace peelbox::h2grpc {
namespace {

TEST(Base64, VectorsOfRfc4648WithoutPadding) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},           {"f", "Zg"},         {"fo", "Zm8"},
                                                         {"foo", "Zm9v"},    {"foob", "Zm9vYg"},  {"fooba", "Zm9vYmE"},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(base64_encode(plain), text);
    EXPECT_EQ(base64_decode(text), plain);
  }
}

TEST(Base64, PaddingIsOptional) {
  EXPECT_EQ(base64_decode("Zg=="), "f");
  EXPECT_EQ(base64_decode("Zm8="), "fo");
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const char* text : {"Z", "Zm9vY", "Zm-v", "Z===", "Zg==Zg==", "Zm 9v"}) EXPECT_FALSE(base64_decode(text)) << text;
}

TEST(Base64, EveryByteAtEveryPositionSurvives) {
  for (int byte = 0; byte < 256; ++byte)
    for (std::size_t before = 0; before < 4; ++before) {
      const std::string plain = std::string(before, 'x') + static_cast<char>(byte);
      EXPECT_EQ(base64_decode(base64_encode(plain)), plain);
    }
}

}  // namespace
}  // namespace peelbox::h2grpc
