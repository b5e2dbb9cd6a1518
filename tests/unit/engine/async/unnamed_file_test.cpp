#include "engine/async/unnamed_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "engine/async/read_file.hpp"
#include "engine/async/write_all.hpp"

namespace peelbox {
namespace {

class UnnamedFile : public testing::Test {
 protected:
  UnnamedFile() {
    char name[] = "/tmp/peelbox-unnamed-XXXXXX";
    directory_ = ::mkdtemp(name);
  }
  ~UnnamedFile() override { std::filesystem::remove_all(directory_); }
  std::string directory_;
};

TEST_F(UnnamedFile, IsNotThereUntilItIsNamed) {
  const unique_fd file = open_unnamed(directory_, 0600);
  if (!file && errno == EOPNOTSUPP) GTEST_SKIP() << "the file system of /tmp has no files without names";
  ASSERT_TRUE(file);
  EXPECT_EQ(write_all(file.get(), "text"), 0);
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
  EXPECT_EQ(name_file(file.get(), directory_ + "/f"), 0);
  EXPECT_EQ(read_file(directory_ + "/f", "f", 10).value(), "text");
  EXPECT_EQ(name_file(file.get(), directory_ + "/f"), EEXIST);
}

TEST_F(UnnamedFile, WhatADirectoryRefusesIsSaid) {
  EXPECT_FALSE(open_unnamed(directory_ + "/none", 0600));
  // What a file system without them says too: the attempt to make a named one tells them apart.
  EXPECT_EQ(errno, EOPNOTSUPP);
}

}  // namespace
}  // namespace peelbox
