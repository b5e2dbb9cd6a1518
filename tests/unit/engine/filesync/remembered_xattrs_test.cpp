// Extended attributes that need not be asked for again.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>
#include <vector>

#include "engine/filesync/announced_times.hpp"
#include "engine/filesync/disk_tree.hpp"
#include "engine/filesync/fingerprinted_context.hpp"
#include "engine/filesync/xattrs.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::filesync {
namespace {

namespace fs = std::filesystem;
using peelbox::test::run_task;
using peelbox::test::temp_dir;
using peelbox::test::write_file;

constexpr int files = 40;

TEST(XattrsChangeTimes, OnFileSystemsThatDoSo) {
  EXPECT_TRUE(xattrs_change_times(0xEF53, "4.19.0-1-amd64"));
  EXPECT_TRUE(xattrs_change_times(0x58465342, ""));
  for (const std::uint32_t layered : {0x01021994U, 0x794C7630U}) {
    for (const char* release : {"6.6.0", "6.12.5+bpo", "6.18", "7.0.1", "10.1"}) EXPECT_TRUE(xattrs_change_times(layered, release));
    for (const char* release : {"6.5.9", "6.1.0-44-amd64", "5.15.0", "6", "6.", "", "x", "-7.9"})
      EXPECT_FALSE(xattrs_change_times(layered, release)) << release;
  }
  EXPECT_FALSE(xattrs_change_times(0x2FC12FC1, "6.18.0")) << "zfs";
  EXPECT_FALSE(xattrs_change_times(0x6969, "6.18.0")) << "nfs";
}

TEST(PlainNumber, FollowsFromChangeTimeInodeAndWhoLooks) {
  const std::uint64_t one = plain_number({5, 100, 7}, 3);
  EXPECT_NE(one, 0U);
  EXPECT_EQ(one >> 63, 0U);
  EXPECT_EQ(one, plain_number({6, 100, 7}, 3));
  EXPECT_NE(one, plain_number({5, 101, 7}, 3));
  EXPECT_NE(one, plain_number({5, 100, 8}, 3));
  EXPECT_NE(one, plain_number({5, 100, 7}, 5));
}

// What a file's content is judged by stays as it was.
TEST(DecideTime, APlainFileIsRememberedBesideWhatWasAnnounced) {
  const time_decision first = decide_time(nullptr, 1, 10, {50, 100, 7});
  const time_decision seen = decide_time(&first.record, 1, 10, {50, 120, 7}, 9);
  ASSERT_TRUE(seen.remember);
  EXPECT_EQ(seen.mod_time, shifted_time({50, 120, 7}));
  remembered_file expected = first.record;
  expected.plain = 9;
  EXPECT_EQ(seen.record, expected);
  EXPECT_FALSE(decide_time(&seen.record, 1, 10, {50, 120, 7}, 9).remember);
  EXPECT_FALSE(decide_time(&seen.record, 1, 10, {50, 120, 7}).remember) << "was not asked again";
}

/// The tree on disk; tells how often attributes of what is no directory were asked for.
class counting_tree final : public file_tree {
 public:
  explicit counting_tree(std::shared_ptr<const file_tree> tree) : tree_(std::move(tree)) {}
  result<std::unique_ptr<open_directory>> directory(std::string_view path) const override {
    auto inner = tree_->directory(path);
    if (!inner) return inner.error();
    return std::unique_ptr<open_directory>(std::make_unique<counting>(std::move(*inner), asked_));
  }
  result<std::unique_ptr<open_file>> file(std::string_view path) const override { return tree_->file(path); }
  int asked() const { return asked_.exchange(0); }

 private:
  struct counting final : open_directory {
    counting(std::unique_ptr<open_directory> i, std::atomic<int>& a) : inner(std::move(i)), asked(a) {}
    result<name_list> list() override { return inner->list(); }
    result<entry_details> details(std::string_view name) override { return inner->details(name); }
    result<entry_xattrs> xattrs(std::string_view name, std::uint64_t device) override {
      ++asked;
      return inner->xattrs(name, device);
    }
    std::unique_ptr<open_directory> inner;
    std::atomic<int>& asked;
  };
  std::shared_ptr<const file_tree> tree_;
  mutable std::atomic<int> asked_{0};
};

task<void> take(std::shared_ptr<const context_source> source, blocking_pool& pool, std::string& digest) {
  auto taking = take_fingerprint(std::move(source), "context", {}, pool);
  auto found = co_await std::move(taking);
  digest = found ? (*found)->digest : found.error().text;
}

/// In the folder for temporary files, and on tmpfs.
class RememberedXattrs : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::string name = fs::path(GetParam()) / "peelbox-xattrs-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) GTEST_SKIP() << GetParam() << " is not there";
    root_ = name;
    for (int i = 0; i < files; ++i) write_file(path(i), "content");
    if (::setxattr(path(0).c_str(), "user.first", "1", 1, 0) != 0 || !trusted_device(root_) || !tells_xattrs(root_))
      GTEST_SKIP() << "nothing is remembered of attributes here";
    tree_ = std::make_shared<const counting_tree>(*open_disk_tree(root_));
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string path(int i) const { return root_ + "/f" + std::to_string(i); }
  /// Longer than the tick in which the files changed last.
  static void rest() { std::this_thread::sleep_for(std::chrono::milliseconds(40)); }

  struct look {
    std::string digest;
    int asked = 0;
  };
  look looked() {
    context_source source;
    source.root = root_;
    source.tree = tree_;
    source.memory = state_.path() + "/contexts/one";
    if (contents_) source.content_times = content_time_options{"k", false};
    look seen;
    blocking_pool pool(2);
    run_task(take(std::make_shared<const context_source>(source), pool, seen.digest));
    seen.asked = tree_->asked();
    return seen;
  }

  temp_dir state_;
  std::string root_;
  std::shared_ptr<const counting_tree> tree_;
  bool contents_ = false;
};

TEST_P(RememberedXattrs, AreAskedForOnce) {
  for (const bool contents : {false, true}) {
    contents_ = contents;
    rest();
    const look first = looked();
    EXPECT_EQ(first.asked, files);
    const look second = looked();
    EXPECT_EQ(second.digest, first.digest);
    EXPECT_EQ(second.asked, 1) << "the one that has some";
  }
}

TEST_P(RememberedXattrs, OnesThatAreSetOrRemovedAreNoticed) {
  rest();
  const std::string plain = looked().digest;
  ASSERT_EQ(looked().asked, 1);
  ASSERT_EQ(::setxattr(path(7).c_str(), "user.new", "x", 1, 0), 0);
  const look set = looked();
  EXPECT_NE(set.digest, plain);
  EXPECT_EQ(set.asked, 2);
  ASSERT_EQ(::setxattr(path(7).c_str(), "user.new", "y", 1, 0), 0);
  EXPECT_NE(looked().digest, set.digest);
  ASSERT_EQ(::removexattr(path(7).c_str(), "user.new"), 0);
  rest();
  EXPECT_EQ(looked().asked, 2);
  EXPECT_EQ(looked().asked, 1) << "it has none again";
}

// It may get some in the same tick of the clock, and its change time stays.
TEST_P(RememberedXattrs, AFileThatChangedJustNowIsAskedForAgain) {
  rest();
  looked();
  for (int round = 0; round < 50; ++round) {
    write_file(path(7), std::string(static_cast<std::size_t>(round), 'x'));
    const std::string before = looked().digest;
    ASSERT_EQ(::setxattr(path(7).c_str(), "user.new", "x", 1, 0), 0);
    ASSERT_NE(looked().digest, before) << round;
    ASSERT_EQ(::removexattr(path(7).c_str(), "user.new"), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(FileSystems, RememberedXattrs, testing::Values("/tmp", "/dev/shm"));

}  // namespace
}  // namespace peelbox::filesync
