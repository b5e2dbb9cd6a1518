#include "engine/session/output_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace peelbox::session {
namespace {

namespace fs = std::filesystem;

class OutputFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "peelbox-output-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  void TearDown() override { fs::remove_all(dir_); }

  static byte_chain bytes(const std::string& text) { return byte_chain(byte_slice::of(text)); }
  static std::string content(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(dir_), fs::directory_iterator{}));
  }

  fs::path dir_;
};

TEST_F(OutputFile, AppearsWithItsNameOnlyAfterCommit) {
  auto file = output_file::create((dir_ / "image.tar").string());
  ASSERT_TRUE(file.has_value()) << file.error().text;
  ASSERT_TRUE((*file)->write(bytes("first ")).has_value());
  ASSERT_TRUE((*file)->write(bytes(std::string(2000, 'x'))).has_value());
  EXPECT_FALSE(fs::exists(dir_ / "image.tar"));
  ASSERT_TRUE((*file)->commit().has_value());
  EXPECT_EQ(content(dir_ / "image.tar"), "first " + std::string(2000, 'x'));
  EXPECT_EQ((*file)->size(), 2006u);
  EXPECT_EQ(entries(), 1u);
}

TEST_F(OutputFile, LeavesNothingAndKeepsTheOldFileWithoutCommit) {
  std::ofstream(dir_ / "image.tar") << "old";
  {
    auto file = output_file::create((dir_ / "image.tar").string());
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE((*file)->write(bytes("half")).has_value());
  }
  EXPECT_EQ(content(dir_ / "image.tar"), "old");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(OutputFile, ReplacesTheOldFile) {
  std::ofstream(dir_ / "image.tar") << "old";
  auto file = output_file::create((dir_ / "image.tar").string());
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->write(bytes("new")).has_value());
  ASSERT_TRUE((*file)->commit().has_value());
  EXPECT_EQ(content(dir_ / "image.tar"), "new");
}

TEST_F(OutputFile, WritesManySlicesInOrder) {
  byte_chain chain;
  std::string all;
  for (int i = 0; i < 300; ++i) {
    const std::string piece(600 + static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
    all += piece;
    chain.append(byte_slice::of(piece));
  }
  auto file = output_file::create((dir_ / "f").string());
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->write(chain).has_value());
  ASSERT_TRUE((*file)->commit().has_value());
  EXPECT_EQ(content(dir_ / "f"), all);
}

TEST_F(OutputFile, SaysWhatIsWrongWithTheTarget) {
  const auto directory = output_file::create(dir_.string());
  ASSERT_TRUE(directory.has_error());
  EXPECT_EQ(directory.error().code, errc::usage);
  const auto missing = output_file::create((dir_ / "no" / "image.tar").string());
  ASSERT_TRUE(missing.has_error());
  EXPECT_EQ(missing.error().code, errc::not_found);
  EXPECT_NE(missing.error().text.find((dir_ / "no" / "image.tar").string()), std::string::npos);
}

}  // namespace
}  // namespace peelbox::session
