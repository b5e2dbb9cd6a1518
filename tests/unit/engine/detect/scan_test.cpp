#include "engine/detect/scan.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/engine/detect/detect_directory.hpp"

namespace peelbox::detect {
namespace {

namespace fs = std::filesystem;

class Scan : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / ("scan-" + std::to_string(getpid()) + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text = "") {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << text;
  }
  result<repository> scanned(scan_options how = {}) {
    filesync::context_source source;
    source.root = root_.string();
    source.gitignore = true;
    auto opened = filesync::open_context(source, {});
    if (opened.has_error()) return opened.error();
    return scan(opened->tree, opened->rules, how);
  }

  fs::path root_;
};

TEST_F(Scan, ListsFilesAndLeavesOutWhatIsNotEntered) {
  write("a");
  write("b/c/d");
  write("node_modules/x/package.json");
  write(".gitignore", "secret\n");
  write("secret");
  auto files = scanned();
  ASSERT_TRUE(files.has_value()) << files.error().text;
  EXPECT_TRUE(files->has_file("a"));
  EXPECT_TRUE(files->has_file("b/c/d"));
  EXPECT_TRUE(files->has_directory("node_modules"));
  EXPECT_EQ(files->find("node_modules"), nullptr);
  EXPECT_FALSE(files->has_file("secret"));
  EXPECT_EQ(files->file_count(), 3u);
}

TEST_F(Scan, LinksAndPipesAreNotThere) {
  write("real");
  fs::create_symlink("real", root_ / "link");
  fs::create_symlink("/", root_ / "out-of-here");
  ASSERT_EQ(mkfifo((root_ / "pipe").c_str(), 0600), 0);
  auto files = scanned();
  ASSERT_TRUE(files.has_value());
  EXPECT_EQ(files->file_count(), 1u);
  EXPECT_EQ(files->read("link"), nullptr);
}

TEST_F(Scan, LargeAndBinaryFilesAreNotesNotTexts) {
  write("large.json", std::string(max_file_bytes + 1, ' '));
  write("binary.json", "\xff\xfe");
  auto files = scanned();
  ASSERT_TRUE(files.has_value());
  EXPECT_EQ(files->read("large.json"), nullptr);
  EXPECT_EQ(files->read("binary.json"), nullptr);
  EXPECT_EQ(files->read("none.json"), nullptr);
  EXPECT_EQ(files->notes().size(), 2u);
}

TEST_F(Scan, DepthAndCountAreBounded) {
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "d/";
  write(deep + "f");
  scan_options how;
  how.max_depth = 5;
  auto files = scanned(how);
  ASSERT_TRUE(files.has_value());
  EXPECT_EQ(files->file_count(), 0u);
  EXPECT_EQ(files->notes().size(), 1u);
  for (int i = 0; i < 30; ++i) write("many/" + std::to_string(i));
  how.max_entries = 10;
  const auto too_many = scanned(how);
  ASSERT_TRUE(too_many.has_error());
  EXPECT_EQ(too_many.error().code, errc::limit);
}

TEST_F(Scan, ManyDirectoriesWithManyThreads) {
  for (int i = 0; i < 200; ++i) write("p" + std::to_string(i) + "/q/main.py", "print(1)\n");
  scan_options how;
  how.threads = 8;
  auto files = scanned(how);
  ASSERT_TRUE(files.has_value());
  EXPECT_EQ(files->file_count(), 200u);
  const auto found = detect(*files, {});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->services.size(), 200u);
}

TEST_F(Scan, MissingRootIsAFailure) { EXPECT_TRUE(detect_directory((root_ / "none").string()).has_error()); }

TEST_F(Scan, WrongOverlayIsAFailureThatNamesIt) {
  write("main.py");
  write("peelbox.json", "{\"runtime\": {\"ports\": [\"x\"]}}");
  auto found = detect_directory(root_.string());
  ASSERT_TRUE(found.has_error());
  EXPECT_THAT(found.error().text, testing::HasSubstr("peelbox.json"));
  EXPECT_THAT(found.error().text, testing::HasSubstr("runtime.ports"));
  write("peelbox.json", "{\"services\": {\"nobody\": {}}}");
  found = detect_directory(root_.string());
  ASSERT_TRUE(found.has_error());
  EXPECT_THAT(found.error().text, testing::HasSubstr("no such service"));
}

}  // namespace
}  // namespace peelbox::detect
