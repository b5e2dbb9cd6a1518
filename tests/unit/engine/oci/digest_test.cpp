#include "engine/oci/digest.hpp"

#include <gtest/gtest.h>

namespace peelbox::oci {
namespace {

constexpr std::string_view of_empty =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view of_abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(digest, known_values) {
  EXPECT_EQ(digest_of(""), of_empty);
  EXPECT_EQ(digest_of("abc"), of_abc);
}

TEST(digest, pieces_give_the_same_and_finish_starts_anew) {
  sha256 hash;
  hash.update("a");
  hash.update("");
  hash.update("bc");
  EXPECT_EQ(hash.finish(), of_abc);
  EXPECT_EQ(hash.finish(), of_empty);
  hash.update("abc");
  EXPECT_EQ(hash.finish(), of_abc);
}

TEST(digest, parse) {
  const auto parts = parse_digest(of_abc);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->algorithm, "sha256");
  EXPECT_EQ("sha256:" + parts->hex, of_abc);
  EXPECT_TRUE(parse_digest("sha512:" + std::string(128, 'a')));
}

TEST(digest, parse_refuses) {
  for (const std::string text :
       {"", ":", "abc", "sha256:", "sha256:abc", "md5:d41d8cd98f00b204e9800998ecf8427e"})
    EXPECT_FALSE(parse_digest(text)) << text;
  EXPECT_FALSE(parse_digest("sha256:" + std::string(64, 'A')));
  EXPECT_FALSE(parse_digest("sha256:" + std::string(65, 'a')));
  EXPECT_NE(parse_digest("sha256:abc").error().text.find("64 hexadecimal digits, this has 3"),
            std::string::npos);
}

}  // namespace
}  // namespace peelbox::oci
