#include "engine/session/output_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

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

TEST_F(OutputFile, BeginsAgainAsIfNothingHadBeenWritten) {
  std::ofstream(dir_ / "old.tar") << "what was there before";
  fs::create_hard_link(dir_ / "old.tar", dir_ / "same.tar");
  for (const char* name : {"new.tar", "old.tar"}) {
    auto file = output_file::create((dir_ / name).string());
    ASSERT_TRUE(file.has_value()) << file.error().text;
    ASSERT_TRUE((*file)->write(bytes(std::string(3000, 'x'))).has_value());
    ASSERT_TRUE((*file)->can_begin_again());
    ASSERT_TRUE((*file)->begin_again().has_value());
    ASSERT_TRUE((*file)->write(bytes("second")).has_value());
    ASSERT_TRUE((*file)->commit().has_value());
    EXPECT_EQ(content(dir_ / name), "second");
    EXPECT_EQ((*file)->size(), 6u);
  }
}

TEST_F(OutputFile, APipeThatGotBytesCannotBeginAgain) {
  ASSERT_EQ(mkfifo((dir_ / "pipe").c_str(), 0600), 0);
  const int reader = open((dir_ / "pipe").c_str(), O_RDONLY | O_NONBLOCK);
  auto file = output_file::create((dir_ / "pipe").string());
  ASSERT_TRUE(file.has_value()) << file.error().text;
  EXPECT_TRUE((*file)->can_begin_again());
  EXPECT_TRUE((*file)->begin_again().has_value());
  ASSERT_TRUE((*file)->write(bytes("x")).has_value());
  EXPECT_FALSE((*file)->can_begin_again());
  EXPECT_TRUE((*file)->begin_again().has_error());
  close(reader);
}

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

TEST_F(OutputFile, FollowsLinksToTheirEnd) {
  fs::create_directory(dir_ / "real");
  std::ofstream(dir_ / "real" / "image.tar") << "old";
  fs::create_symlink("real/image.tar", dir_ / "one");
  fs::create_symlink("one", dir_ / "two");
  fs::create_symlink("real/new.tar", dir_ / "dangling");
  for (const char* name : {"two", "dangling"}) {
    auto file = output_file::create((dir_ / name).string());
    ASSERT_TRUE(file.has_value()) << file.error().text;
    ASSERT_TRUE((*file)->write(name).has_value());
    ASSERT_TRUE((*file)->commit().has_value());
    EXPECT_TRUE(fs::is_symlink(dir_ / name)) << name;
  }
  EXPECT_EQ(content(dir_ / "real" / "image.tar"), "two");
  EXPECT_EQ(content(dir_ / "real" / "new.tar"), "dangling");
  fs::create_symlink("loop", dir_ / "loop");
  const auto loop = output_file::create((dir_ / "loop").string());
  EXPECT_TRUE(loop.has_error());
}

TEST_F(OutputFile, KeepsModeAndOwner) {
  const fs::path path = dir_ / "secret";
  std::ofstream(path) << "old";
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  const bool root = geteuid() == 0;
  if (root) {
    ASSERT_EQ(chown(path.c_str(), 1234, 2345), 0);
  }
  ASSERT_TRUE(write_file(path.string(), "new").has_value());
  struct stat about {};
  ASSERT_EQ(stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600u);
  if (root) {
    EXPECT_EQ(about.st_uid, 1234u);
    EXPECT_EQ(about.st_gid, 2345u);
  }
  EXPECT_EQ(content(path), "new");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(OutputFile, AFileWithSeveralNamesStaysOne) {
  std::ofstream(dir_ / "a") << "old and longer than what follows";
  fs::create_hard_link(dir_ / "a", dir_ / "b");
  auto file = output_file::create((dir_ / "a").string());
  ASSERT_TRUE(file.has_value());
  ASSERT_TRUE((*file)->write(std::string(200'000, 'x')).has_value());
  ASSERT_TRUE((*file)->write("end").has_value());
  EXPECT_EQ(content(dir_ / "b"), "old and longer than what follows");
  ASSERT_TRUE((*file)->commit().has_value());
  EXPECT_EQ(content(dir_ / "b"), std::string(200'000, 'x') + "end");
  EXPECT_EQ(fs::hard_link_count(dir_ / "a"), 2u);
  ASSERT_TRUE(write_file((dir_ / "a").string(), "short").has_value());
  EXPECT_EQ(content(dir_ / "b"), "short");
}

/// Files of root are nobody's business but root's, so the permissions are tried as somebody else.
class OutputFileOfOthers : public OutputFile {
 protected:
  static constexpr uid_t somebody = 65534;

  void SetUp() override {
    OutputFile::SetUp();
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
    fs::create_directory(dir_ / "closed");
    std::ofstream(dir_ / "closed" / "open") << "old";
    ASSERT_EQ(chmod((dir_ / "closed" / "open").c_str(), 0666), 0);
    ASSERT_EQ(chmod(dir_.c_str(), 0755), 0);
    ASSERT_EQ(seteuid(somebody), 0);
  }
  void TearDown() override {
    (void)!seteuid(0);
    OutputFile::TearDown();
  }
};

TEST_F(OutputFileOfOthers, AFileThatIsWritableIsWritten) {
  const std::string path = (dir_ / "closed" / "open").string();
  auto file = output_file::create(path);
  ASSERT_TRUE(file.has_value()) << file.error().text;
  ASSERT_TRUE((*file)->write("new").has_value());
  EXPECT_EQ(content(path), "old");
  ASSERT_TRUE((*file)->commit().has_value());
  EXPECT_EQ(content(path), "new");
  struct stat about {};
  ASSERT_EQ(stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_uid, 0u);
  const auto refused = output_file::create((dir_ / "closed" / "new").string());
  ASSERT_TRUE(refused.has_error());
  EXPECT_EQ(refused.error().code, errc::permission);
}

TEST_F(OutputFile, DevicesAndPipesAreWrittenInPlace) {
  const fs::path pipe = dir_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const unique_fd reader(open(pipe.c_str(), O_RDONLY | O_NONBLOCK));
  ASSERT_TRUE(write_file(pipe.string(), "text").has_value());
  char seen[16] = {};
  EXPECT_EQ(read(reader.get(), seen, sizeof seen), 4);
  EXPECT_TRUE(fs::is_fifo(pipe));
  const auto full = write_file("/dev/full", "text");
  ASSERT_TRUE(full.has_error());
  EXPECT_NE(full.error().text.find("No space left"), std::string::npos) << full.error().text;
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
}

TEST_F(OutputFile, GivenDescriptorsAreWrittenWhereTheyStand) {
  const std::string path = (dir_ / "redirected").string();
  const unique_fd given(open(path.c_str(), O_WRONLY | O_CREAT, 0644));  // as a shell opens it: children get it
  ASSERT_EQ(write(given.get(), "before ", 7), 7);
  const std::string name = "/dev/fd/" + std::to_string(given.get());
  fs::create_symlink(name, dir_ / "link");
  ASSERT_TRUE(write_file(name, "one ").has_value());
  ASSERT_TRUE(write_file((dir_ / "link").string(), "two").has_value());
  EXPECT_EQ(content(path), "before one two");
  EXPECT_TRUE(fs::is_symlink(dir_ / "link"));
  EXPECT_TRUE(fs::is_symlink("/dev/fd"));

  const unique_fd ours(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  const auto own = output_file::create("/proc/self/fd/" + std::to_string(ours.get()));
  ASSERT_TRUE(own.has_error()) << "a descriptor of our own must not be taken for an output";
  EXPECT_EQ(own.error().code, errc::usage);
  const unique_fd reading(open(path.c_str(), O_RDONLY));
  EXPECT_TRUE(output_file::create("/dev/fd/" + std::to_string(reading.get())).has_error());
}

TEST_F(OutputFile, ANonBlockingPipeGetsEverything) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const unique_fd from(ends[0]);
  unique_fd to(ends[1]);
  ASSERT_EQ(fcntl(to.get(), F_SETFL, O_NONBLOCK), 0);
  std::string seen;
  std::thread reader([&] {
    char piece[4096];
    for (ssize_t n; (n = read(from.get(), piece, sizeof piece)) > 0;) seen.append(piece, static_cast<std::size_t>(n));
  });
  const result<void> written = write_file("/dev/fd/" + std::to_string(to.get()), std::string(1 << 20, 'x'));
  to.reset();
  reader.join();
  EXPECT_TRUE(written.has_value());
  EXPECT_EQ(seen.size(), std::size_t{1} << 20);
}

TEST_F(OutputFile, AllAreNamedOrNone) {
  auto first = output_file::create((dir_ / "first").string());
  fs::create_directory(dir_ / "gone");
  auto second = output_file::create((dir_ / "gone" / "second").string());
  ASSERT_TRUE(first.has_value() && second.has_value());
  ASSERT_TRUE((*first)->write("1").has_value());
  ASSERT_TRUE((*second)->write("2").has_value());
  fs::remove(dir_ / "gone");
  output_file* const files[] = {first->get(), nullptr, second->get()};
  EXPECT_TRUE(commit_all(files).has_error());
  EXPECT_FALSE(fs::exists(dir_ / "first"));
}

TEST_F(OutputFile, ANameOfADirectoryIsRefusedAtOnce) {
  const auto file = output_file::create((dir_ / "new" / "").string());
  ASSERT_TRUE(file.has_error());
  EXPECT_EQ(file.error().code, errc::usage);
}

}  // namespace
}  // namespace peelbox::session
