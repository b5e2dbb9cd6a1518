#include "engine/detect/apk_archive.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdio>

namespace peelbox::detect {
namespace {

using testing::HasSubstr;

std::string gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string member(const std::string& name, const std::string& text) {
  std::string header(512, '\0');
  name.copy(header.data(), 100);
  char size[13];
  std::snprintf(size, sizeof size, "%011zo", text.size());
  std::string(size).copy(header.data() + 124, 11);
  std::string out = header + text;
  out.resize((out.size() + 511) / 512 * 512, '\0');
  return out;
}

const std::string end(1024, '\0');

TEST(ApkArchive, SignatureAndIndexAreMembersOfTheirOwn) {
  const std::string index = "C:Q1\nP:go-1.24\nV:1\nT:a text\n\nP:nodejs-22\n\nP:go-1.24\nV:2\n";
  const std::string bytes = gzip(member(".SIGN.RSA.key", "P:signature")) + gzip(member("DESCRIPTION", "P:description\n") + member("APKINDEX", index) + end);
  const auto names = names_of_apk_archive(bytes);
  ASSERT_TRUE(names.has_value()) << names.error().text;
  EXPECT_EQ(*names, "go-1.24\nnodejs-22\n");
  EXPECT_EQ(*names_of_apk_archive(bytes + std::string(100, '\0')), *names);
}

TEST(ApkArchive, ManyPiecesAndLongLines) {
  std::string index;
  std::string expected;
  for (int i = 10000; i < 40000; ++i) {
    const std::string name = "package-" + std::to_string(i);
    index += "P:" + name + "\nT:" + std::string(static_cast<std::size_t>(i % 700), 'x') + "\n";
    expected += name + "\n";
  }
  const auto names = names_of_apk_archive(gzip(member("APKINDEX", index) + end));
  ASSERT_TRUE(names.has_value()) << names.error().text;
  EXPECT_EQ(*names, expected);
}

TEST(ApkArchive, WhatIsWrongIsSaid) {
  const auto says = [](const std::string& bytes) {
    const auto names = names_of_apk_archive(bytes);
    return names.has_error() ? names.error().text : "nothing";
  };
  const std::string good = gzip(member("APKINDEX", "P:a\n") + end);
  EXPECT_THAT(says(""), HasSubstr("not compressed"));
  EXPECT_THAT(says("P:a\n"), HasSubstr("not compressed"));
  EXPECT_THAT(says(gzip(member("other", "P:a\n") + end)), HasSubstr("no APKINDEX"));
  EXPECT_THAT(says(gzip(std::string(600, 'x'))), HasSubstr("damaged"));
  std::string flipped = good;
  flipped[good.size() - 6] ^= 1;
  EXPECT_THAT(says(flipped), HasSubstr("damaged"));
  for (std::size_t cut = 2; cut < good.size(); ++cut) EXPECT_NE(says(good.substr(0, cut)), "nothing") << cut;
}

TEST(ApkArchive, ABombEndsEarly) {
  // The members repeat, so nothing has to be made in full.
  const std::string piece = gzip(std::string(16 << 20, '\0'));
  std::string bomb;
  for (int i = 0; i < 18; ++i) bomb += piece;
  const auto names = names_of_apk_archive(bomb);
  ASSERT_TRUE(names.has_error());
  EXPECT_EQ(names.error().code, errc::limit);
}

}  // namespace
}  // namespace peelbox::detect
