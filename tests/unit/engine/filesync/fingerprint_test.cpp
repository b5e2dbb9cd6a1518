#include "engine/filesync/fingerprint.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "engine/filesync/fingerprinted_context.hpp"
#include "engine/filesync/sender.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::filesync {
namespace {

namespace fs = std::filesystem;
using peelbox::test::run_task;
using peelbox::test::temp_dir;

using found = std::shared_ptr<const fingerprinted_context>;

task<void> take(std::shared_ptr<const context_source> source, request_filters filters, blocking_pool& pool,
                result<found>& out) {
  auto taking = take_fingerprint(std::move(source), "context", std::move(filters), pool);
  out = co_await std::move(taking);
}

result<found> look(const std::string& root, request_filters filters = {}, bool reset_owner = true) {
  blocking_pool pool(2);
  auto source = std::make_shared<context_source>();
  source->root = root;
  source->dockerignore = ".dockerignore";
  source->reset_owner = reset_owner;
  result<found> out = failure(errc::internal, "not run");
  run_task(take(std::move(source), std::move(filters), pool, out));
  return out;
}

std::string digest(const std::string& root, request_filters filters = {}) {
  auto one = look(root, std::move(filters));
  EXPECT_TRUE(one) << one.error().text;
  return one ? (*one)->digest : std::string();
}

void write(const fs::path& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

/// Sets the modification time; the change time follows the clock.
void touch(const std::string& path, std::int64_t seconds) {
  const timespec times[2] = {{seconds, 0}, {seconds, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
}

class Fingerprint : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(root() / "dir/inner");
    write(root() / "file", "one");
    write(root() / "dir/other", "two");
    fs::create_symlink("file", root() / "link");
    fs::create_hard_link(root() / "file", root() / "second");
  }
  fs::path root() const { return fs::path(dir.path()); }
  std::string now() const { return digest(dir.path()); }

  temp_dir dir;
};

TEST_F(Fingerprint, IsTheSameForATreeThatNobodyTouched) {
  const std::string first = now();
  EXPECT_EQ(first.size(), std::string("sha256:").size() + 64);
  EXPECT_EQ(now(), first);
}

TEST_F(Fingerprint, EveryChangeThatTheDaemonWouldNoticeGivesAnother) {
  std::string before = now();
  const auto changes = [&](const char* what, const auto& change) {
    change();
    const std::string after = now();
    EXPECT_NE(after, before) << what;
    before = after;
  };
  changes("content of another size", [&] { write(root() / "file", "longer"); });
  changes("a mode", [&] { ASSERT_EQ(chmod((root() / "file").c_str(), 0700), 0); });
  changes("the mode of a directory", [&] { ASSERT_EQ(chmod((root() / "dir").c_str(), 0700), 0); });
  changes("a new file", [&] { write(root() / "dir/new", ""); });
  changes("a new name", [&] { fs::rename(root() / "dir/new", root() / "dir/newer"); });
  changes("a file that is gone", [&] { fs::remove(root() / "dir/newer"); });
  changes("another target", [&] {
    fs::remove(root() / "link");
    fs::create_symlink("dir", root() / "link");
  });
  changes("a name that is no hard link any more", [&] {
    fs::remove(root() / "second");
    write(root() / "second", "longer");
  });
  changes("a directory in the place of a file", [&] {
    fs::remove(root() / "second");
    fs::create_directory(root() / "second");
  });
  changes("a file that is left out", [&] { write(root() / ".dockerignore", "file\n.dockerignore\n"); });
}

TEST_F(Fingerprint, ContentThatChangedUnderEqualSizeAndTimeGivesAnother) {
  touch(root() / "file", 1000);
  const std::string before = now();
  usleep(20'000);
  write(root() / "file", "uno");
  touch(root() / "file", 1000);
  EXPECT_NE(now(), before);
}

TEST_F(Fingerprint, DirectoriesOfEqualFilesThatChangePlacesGiveAnother) {
  for (const char* name : {"x", "y"}) {
    fs::create_directory(root() / name);
    write(root() / name / "f", name);
    touch(root() / name / "f", 1000);
  }
  const std::string before = now();
  ASSERT_EQ(renameat2(AT_FDCWD, (root() / "x").c_str(), AT_FDCWD, (root() / "y").c_str(), RENAME_EXCHANGE), 0);
  EXPECT_NE(now(), before);
}

TEST_F(Fingerprint, TimesOfDirectoriesAndLinksDoNotCount) {
  const std::string before = now();
  touch(root() / "dir", 1000);
  touch(root() / "link", 1000);
  write(root() / "dir/passing", "x");
  fs::remove(root() / "dir/passing");
  EXPECT_EQ(now(), before);
}

TEST_F(Fingerprint, NameAndFiltersCount) {
  const std::string all = now();
  EXPECT_NE(digest(dir.path(), {{"**"}, {}, {}}), all);
  EXPECT_NE(digest(dir.path(), {{}, {"nothing"}, {}}), all);
  EXPECT_NE(digest(dir.path(), {{}, {}, {"dir"}}), all);
  EXPECT_NE(digest(dir.path(), {{"a"}, {}, {}}), digest(dir.path(), {{}, {"a"}, {}}));
  EXPECT_NE(fingerprint("a", {}, {}, {}).finish(), fingerprint("b", {}, {}, {}).finish());
  EXPECT_NE(fingerprint("a", {"b", "c"}, {}, {}).finish(), fingerprint("a", {"bc"}, {}, {}).finish());
}

TEST_F(Fingerprint, ADirectoryThatIsSentOnlyForWhatIsInItCounts) {
  const request_filters filters{{"dir/other"}, {}, {}};
  const std::string before = digest(dir.path(), filters);
  write(root() / "file", "does not matter");
  EXPECT_EQ(digest(dir.path(), filters), before);
  ASSERT_EQ(chmod((root() / "dir").c_str(), 0700), 0);
  EXPECT_NE(digest(dir.path(), filters), before);
}

TEST_F(Fingerprint, KeepsWhatItFoundAndSaysWhenItWasChangedLast) {
  auto one = look(dir.path());
  ASSERT_TRUE(one) << one.error().text;
  EXPECT_TRUE((*one)->has_entries);
  EXPECT_EQ((*one)->seen.files, 3u);
  EXPECT_EQ((*one)->seen.hard_links, 1u);
  struct stat st;
  ASSERT_EQ(stat((root() / "file").c_str(), &st), 0);
  EXPECT_GE((*one)->newest_change, st.st_ctim.tv_sec * 1'000'000'000LL + st.st_ctim.tv_nsec);
}

TEST(FingerprintTree, OfAnUnsuitableFileSystemThereIsNone) {
  const auto none = look("/proc/self");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, errc::unsupported);
}

TEST(FingerprintTree, SettlesWhenTheTickOfTheLastChangeIsOver) {
  using std::chrono::nanoseconds;
  constexpr std::int64_t second = 1'000'000'000;
  constexpr std::int64_t at = 1000 * second + 1;
  EXPECT_EQ(settling_time(std::numeric_limits<std::int64_t>::min(), at), nanoseconds(0));
  EXPECT_EQ(settling_time(at, at + second), nanoseconds(0));
  EXPECT_EQ(settling_time(at, at + 5'000'000), nanoseconds(15'000'000));
  EXPECT_EQ(settling_time(at, at), nanoseconds(20'000'000));
  EXPECT_EQ(settling_time(at + second, at), std::nullopt) << "from the future";
  EXPECT_EQ(settling_time(1000 * second, at + second), std::nullopt) << "whole seconds: two of them";
  EXPECT_EQ(settling_time(1000 * second, at + 2 * second), nanoseconds(0));
}

}  // namespace
}  // namespace peelbox::filesync
