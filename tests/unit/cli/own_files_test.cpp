#include "cli/own_files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

namespace peelbox::cli {
namespace {

namespace fs = std::filesystem;

class OwnFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "peelbox-own-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = fs::canonical(pattern).string();
  }
  void TearDown() override { fs::remove_all(root_); }

  bool leaves_out(const build_args& args, const std::string& pattern, const std::string& dest = "") const {
    const std::vector<std::string> found = own_files_below(root_, {dest}, args);
    return std::find(found.begin(), found.end(), pattern) != found.end();
  }

  std::string root_;
};

TEST_F(OwnFiles, EachOfThemIsLeftOut) {
  build_args args;
  args.metadata_file = root_ + "/meta.json";
  args.iid_file = root_ + "/out/iid";
  args.ref_file = root_ + "/./ref";
  args.timeline = root_ + "/page.html";
  args.trace = root_ + "/trace.json";
  args.log_file = root_ + "/log.txt";
  for (const char* pattern : {"meta.json", "out/iid", "ref", "page.html", "trace.json", "log.txt", "image.tar"})
    EXPECT_TRUE(leaves_out(args, pattern, root_ + "/image.tar")) << pattern;
  EXPECT_TRUE(leaves_out(args, ".meta.json.????????.tmp"));
  EXPECT_TRUE(leaves_out(args, "out/.iid.????????.tmp"));
}

TEST_F(OwnFiles, PatternsMeanTheNameOnly) {
  EXPECT_TRUE(leaves_out({}, "out/a\\*b-*.tar", root_ + "/out/a*b-{service}.tar"));
}

TEST_F(OwnFiles, LinksCountWhereTheyEnd) {
  fs::create_directory(root_ + "/sub");
  fs::create_symlink("sub/real", root_ + "/link");
  build_args args;
  args.metadata_file = root_ + "/link";
  EXPECT_TRUE(leaves_out(args, "sub/real"));
  EXPECT_FALSE(leaves_out(args, "link"));
}

TEST_F(OwnFiles, OfALogDirectoryOnlyTheLogs) {
  build_args args;
  args.log_file = root_ + "/logs/";
  EXPECT_TRUE(leaves_out(args, "logs/build.log"));
  EXPECT_TRUE(leaves_out(args, "logs/[0-9][0-9][0-9]*-*.log"));
  EXPECT_FALSE(leaves_out(args, "logs"));
  args.log_file = root_;
  EXPECT_TRUE(leaves_out(args, "build.log"));
}

TEST_F(OwnFiles, WhatLiesElsewhereIsNoPattern) {
  build_args args;
  args.metadata_file = "/elsewhere/meta.json";
  args.log_file = root_ + "/../log";
  EXPECT_TRUE(own_files_below(root_, {"-"}, args).empty());
  EXPECT_TRUE(own_files_below(root_, {root_}, args).empty());
}

}  // namespace
}  // namespace peelbox::cli
