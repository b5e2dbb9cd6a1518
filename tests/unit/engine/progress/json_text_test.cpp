#include "engine/progress/json_text.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

namespace peelbox::progress {
namespace {

std::string written(std::string_view text) {
  std::string out;
  append_json_string(text, out);
  return out;
}

// Sixteen characters are looked at together, so each one is tried in every place of such a block and after it.
TEST(JsonText, EveryCharacterInEveryPlaceIsReadBack) {
  for (int c = 0; c < 0x80; ++c)
    for (std::size_t place = 0; place < 20; ++place)
      for (const std::size_t size : {place + 1, std::size_t{37}}) {
        std::string text(size, 'x');
        text[place] = static_cast<char>(c);
        const std::string json = written(text);
        boost::system::error_code error;
        const boost::json::value back = boost::json::parse(json, error);
        ASSERT_FALSE(error) << json;
        EXPECT_EQ(back.as_string(), text);
        EXPECT_EQ(json.find_first_of(std::string_view("\0\n\x1b\x7f", 4)), std::string::npos) << json;
      }
}

TEST(JsonText, BytesThatAreNoUtf8BecomeReplacementCharacters) {
  for (int byte = 0x80; byte < 0x100; ++byte)
    for (std::size_t place = 0; place < 20; ++place) {
      std::string text(20, 'x');
      text[place] = static_cast<char>(byte);
      EXPECT_EQ(written(text), '"' + std::string(place, 'x') + "\\ufffd" + std::string(19 - place, 'x') + '"');
    }
}

TEST(JsonText, LettersStayAndWhatReordersTextIsEscaped) {
  EXPECT_EQ(written("gr\u00fc\u00dfe \u4e16\u754c \U0001f600"), "\"gr\u00fc\u00dfe \u4e16\u754c \U0001f600\"");
  EXPECT_EQ(written("a\u202eb\u0085c"), "\"a\\u202eb\\u0085c\"");
}

}  // namespace
}  // namespace peelbox::progress
