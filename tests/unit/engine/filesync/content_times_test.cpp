#include "engine/filesync/content_times.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

#include "engine/filesync/announced_times.hpp"
#include "engine/filesync/context_filter.hpp"
#include "engine/filesync/disk_tree.hpp"
#include "engine/filesync/fingerprinted_context.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::filesync {
namespace {

namespace fs = std::filesystem;
using peelbox::test::run_task;
using peelbox::test::temp_dir;
using peelbox::test::write_file;

constexpr std::int64_t nanos_of_a_second = 1'000'000'000;

blob_id blob(unsigned char first) {
  blob_id id{};
  for (std::size_t i = 0; i < id.size(); ++i) id[i] = static_cast<std::byte>(first + i * 7);
  return id;
}

TEST(ContentTime, IsOneSecondAndFollowsFromBlobAndKey) {
  for (const char* key : {"", "k", "another key that is longer"}) {
    for (unsigned i = 0; i < 256; ++i) {
      const std::int64_t time = content_time(blob(static_cast<unsigned char>(i)), key);
      ASSERT_EQ(time / nanos_of_a_second, content_second);
      ASSERT_EQ(time, content_time(blob(static_cast<unsigned char>(i)), key));
    }
    EXPECT_NE(content_time(blob(1), key), content_time(blob(2), key));
  }
  EXPECT_NE(content_time(blob(1), ""), content_time(blob(1), "k"));
  EXPECT_NE(content_time(blob(1), "l"), content_time(blob(1), "k"));
}

task<void> take(std::shared_ptr<const context_source> source, blocking_pool& pool,
                result<std::shared_ptr<const fingerprinted_context>>& out) {
  auto taking = take_fingerprint(std::move(source), "context", {}, pool);
  out = co_await std::move(taking);
}

/// A work tree of git, another clone of it, and a user.
class ContentTimes : public testing::Test {
 protected:
  int git(const std::string& at, const std::string& arguments) const {
    const std::string command = "cd '" + at + "' && HOME='" + home_.path() + "' GIT_CONFIG_NOSYSTEM=1 git -c user.name=n " +
                                "-c user.email=e -c protocol.file.allow=always " + arguments + " >/dev/null 2>&1";
    return std::system(command.c_str());
  }
  void commit(const std::string& config = "") const {
    ASSERT_EQ(git(one(), "init " + config), 0);
    ASSERT_EQ(git(one(), "add -A"), 0);
    ASSERT_EQ(git(one(), "commit -m x"), 0);
    settle();
  }
  void clone() const { ASSERT_EQ(git(dir_.path(), "clone one two"), 0); settle(); }
  /// The index is written anew, later than all files.
  void settle() const {
    usleep(30'000);
    for (const std::string& at : {one(), two()})
      if (fs::exists(at + "/.git/index")) write_again(at + "/.git/index");
  }
  static void write_again(const std::string& path) {
    const std::string all = test::read_file(path);
    write_file(path + ".new", all);
    fs::rename(path + ".new", path);
  }
  std::string one() const { return dir_ / "one"; }
  std::string two() const { return dir_ / "two"; }

  context_source source(const std::string& root) const {
    context_source made;
    made.root = root;
    made.home = home_.path();
    made.exclude = {"**/.git"};
    made.memory = memory_;
    made.content_times = content_time_options{key_, believe_git_};
    return made;
  }
  announced_time time(const std::string& root, const std::string& path, std::uint64_t* read = nullptr) const {
    const context_source from = source(root);
    const auto tree = open_disk_tree(root);
    const auto times = open_content_times(from, *tree, trusted_device(root));
    const announced_time said = ask(*times, root, path);
    if (read != nullptr) *read = dynamic_cast<const content_times&>(*times).read();
    EXPECT_TRUE(times->save());
    return said;
  }
  static announced_time ask(const entry_times& times, const std::string& root, const std::string& path) {
    struct stat st {};
    EXPECT_EQ(::stat((root + "/" + path).c_str(), &st), 0);
    const auto ns = [](const timespec& t) { return t.tv_sec * nanos_of_a_second + t.tv_nsec; };
    return times.of_file(path, st.st_size, st.st_dev, {ns(st.st_mtim), ns(st.st_ctim), st.st_ino}, false, nullptr);
  }
  std::uint64_t read_for(const std::string& root, const std::string& path) const {
    std::uint64_t read = 9;
    EXPECT_TRUE(time(root, path, &read).stands_for_contents);
    return read;
  }
  std::string fingerprint(const std::string& root) const {
    blocking_pool pool(2);
    auto from = std::make_shared<const context_source>(source(root));
    result<std::shared_ptr<const fingerprinted_context>> out = failure(errc::internal, "not run");
    run_task(take(std::move(from), pool, out));
    EXPECT_TRUE(out) << out.error().text;
    return out ? (*out)->digest : std::string();
  }

  temp_dir dir_;
  temp_dir home_;
  std::string memory_;
  std::string key_;
  bool believe_git_ = true;
};

TEST_F(ContentTimes, AreThoseOfTheBlobWhereverItIsKnownFrom) {
  for (const std::size_t size : {0U, 1U, 5U, 65'536U, 200'000U}) write_file(one() + "/" + std::to_string(size), std::string(size, 'x'));
  commit();
  for (const auto& entry : fs::directory_iterator(one())) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().filename();
    std::uint64_t read = 9;
    const announced_time known = time(one(), name, &read);
    EXPECT_EQ(read, 0U) << name;
    believe_git_ = false;
    const announced_time own = time(one(), name, &read);
    EXPECT_EQ(read, 1U) << name;
    believe_git_ = true;
    EXPECT_TRUE(known.stands_for_contents && own.stands_for_contents);
    EXPECT_EQ(known.time, own.time) << name;
  }
}

TEST_F(ContentTimes, GitIsNotBelievedForWhatChanged) {
  write_file(one() + "/a", "one");
  write_file(one() + "/b", "one");
  write_file(one() + "/new/.keep", "");
  commit();
  ASSERT_EQ(read_for(one(), "a"), 0U);
  const announced_time before = time(one(), "a");
  write_file(one() + "/a", "two");
  EXPECT_EQ(read_for(one(), "a"), 1U);
  EXPECT_NE(time(one(), "a").time, before.time);
  write_file(one() + "/a", "one");
  EXPECT_EQ(read_for(one(), "a"), 1U);
  EXPECT_EQ(time(one(), "a").time, before.time);
  write_file(one() + "/untracked", "one");
  EXPECT_EQ(read_for(one(), "untracked"), 1U);
  EXPECT_EQ(time(one(), "untracked").time, before.time);
  // Equal size and modification time.
  struct stat st {};
  ASSERT_EQ(::stat((one() + "/b").c_str(), &st), 0);
  write_file(one() + "/b", "uno");
  const timespec times[2] = {st.st_atim, st.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, (one() + "/b").c_str(), times, 0), 0);
  EXPECT_EQ(read_for(one(), "b"), 1U);
  EXPECT_NE(time(one(), "b").time, before.time);
}

// What changes in the tick of the clock in which git wrote its index keeps the numbers that are in it.
TEST_F(ContentTimes, AFileThatIsNotOlderThanTheIndexIsRead) {
  write_file(one() + "/a", "one");
  commit();
  ASSERT_EQ(read_for(one(), "a"), 0U);
  struct stat st {};
  ASSERT_EQ(::stat((one() + "/a").c_str(), &st), 0);
  for (const long later : {0L, -1L, 1L}) {
    timespec written = st.st_mtim;
    written.tv_nsec += later;
    const timespec times[2] = {written, written};
    ASSERT_EQ(::utimensat(AT_FDCWD, (one() + "/.git/index").c_str(), times, 0), 0);
    EXPECT_EQ(read_for(one(), "a"), later > 0 ? 0U : 1U) << later;
  }
}

TEST_F(ContentTimes, GitIsNotBelievedWhereItMayKeepOtherBytes) {
  write_file(one() + "/a.txt", "one\n");
  write_file(one() + "/b.c", "one\n");
  write_file(one() + "/d/a.txt", "one\n");
  write_file(one() + "/e/a.txt", "one\n");
  write_file(one() + "/d/.gitattributes", "*.txt eol=lf\n");
  commit();
  EXPECT_EQ(read_for(one(), "a.txt"), 0U);
  EXPECT_EQ(read_for(one(), "d/a.txt"), 1U);
  write_file(one() + "/.gitattributes", "*.txt text\n");
  EXPECT_EQ(read_for(one(), "a.txt"), 1U) << "not tracked, in the root";
  EXPECT_EQ(read_for(one(), "b.c"), 0U);
  fs::remove(one() + "/.gitattributes");
  fs::remove(one() + "/d/.gitattributes");
  EXPECT_EQ(read_for(one(), "d/a.txt"), 1U) << "git takes it from the index";
  write_file(one() + "/.git/info/attributes", "*.c filter=lfs\n");
  EXPECT_EQ(read_for(one(), "b.c"), 1U);
  fs::remove(one() + "/.git/info/attributes");
  write_file(home_ / ".config/git/attributes", "*.c ident\n");
  EXPECT_EQ(read_for(one(), "b.c"), 1U);
  fs::remove(home_ / ".config/git/attributes");
  EXPECT_EQ(read_for(one(), "b.c"), 0U);
  write_file(home_ / ".gitconfig", "[core]\n\tautocrlf = false\n[includeIf \"gitdir:/nowhere\"]\n\tpath = more\n");
  EXPECT_EQ(read_for(one(), "b.c"), 0U);
  for (const char* more : {"[core]\n\tautocrlf = input\n", "[core]\n\tautocrlf\n", "[core]\n\tattributesfile = ~/attributes\n"}) {
    write_file(home_ / "attributes", "* text=auto\n");
    write_file(home_ / "more", more);
    EXPECT_EQ(read_for(one(), "b.c"), 1U) << more;
  }
  fs::remove(home_ / ".gitconfig");
  // A directory of the walk tells of attributes that git does not track.
  const auto tree = open_disk_tree(one());
  const auto times = open_content_times(source(one()), *tree, trusted_device(one()));
  const auto& asked = dynamic_cast<const content_times&>(*times);
  name_list names;
  names.add(".gitattributes", entry_kind::regular);
  times->enter("e", names);
  ask(*times, one(), "b.c");
  EXPECT_EQ(asked.read(), 0U);
  ask(*times, one(), "e/a.txt");
  EXPECT_EQ(asked.read(), 1U);
}

TEST_F(ContentTimes, AContextBelowTheRootAndOtherObjectsOfGit) {
  write_file(one() + "/sub/dir/a", "one");
  commit();
  EXPECT_EQ(read_for(one() + "/sub", "dir/a"), 0U);
  EXPECT_EQ(read_for(one() + "/sub/dir", "a"), 0U);
  fs::remove_all(one() + "/.git");
  EXPECT_EQ(read_for(one(), "sub/dir/a"), 1U);
  commit("--object-format=sha256");
  EXPECT_EQ(read_for(one(), "sub/dir/a"), 1U);
}

TEST_F(ContentTimes, AClonesFingerprintIsThatOfTheFirst) {
  for (int i = 0; i < 40; ++i) write_file(one() + "/d" + std::to_string(i % 4) + "/" + std::to_string(i), std::to_string(i));
  fs::create_symlink("d1", one() + "/link");
  commit();
  clone();
  const std::string first = fingerprint(one());
  EXPECT_EQ(fingerprint(two()), first);
  believe_git_ = false;
  EXPECT_EQ(fingerprint(two()), first);
  fs::remove_all(two() + "/.git");
  EXPECT_EQ(fingerprint(two()), first);
  write_file(two() + "/d1/1", "2");
  EXPECT_NE(fingerprint(two()), first);
  write_file(two() + "/d1/1", "1");
  EXPECT_EQ(fingerprint(two()), first);
  key_ = "a secret";
  EXPECT_NE(fingerprint(two()), first);
}

// As a build does it, which looks at trees through others that measure them.
TEST_F(ContentTimes, ATreeThatIsLookedAtThroughAnotherIsTheOneOnDisk) {
  write_file(one() + "/a", "one");
  commit();
  memory_ = home_ / "state/contexts/one";
  for (const bool contents : {true, false}) {
    context_source from = source(one());
    from.tree = *open_disk_tree(one());
    if (!contents) from.content_times.reset();
    const auto opened = open_context(from, {});
    ASSERT_TRUE(opened && opened->times);
    ask(*opened->times, one(), "a");
    if (contents) {
      EXPECT_EQ(dynamic_cast<const content_times&>(*opened->times).read(), 0U);
    }
    EXPECT_TRUE(opened->times->save());
    EXPECT_EQ(fs::exists(memory_), !contents);
  }
}

TEST_F(ContentTimes, WhatWasReadIsRemembered) {
  memory_ = home_ / "state/contexts/one";
  write_file(one() + "/a", "one");
  const announced_time first = time(one(), "a");
  EXPECT_EQ(read_for(one(), "a"), 0U);
  EXPECT_EQ(time(one(), "a").time, first.time);
  struct stat st {};
  ASSERT_EQ(::stat(memory_.c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600U);
  write_file(one() + "/a", "two");
  EXPECT_EQ(read_for(one(), "a"), 1U);
  EXPECT_NE(time(one(), "a").time, first.time);
  fs::remove(memory_);
  EXPECT_EQ(read_for(one(), "a"), 1U);
  const std::string whole = test::read_file(memory_);
  for (std::size_t at = 0; at < whole.size(); at += 5) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_file(memory_, damaged);
    EXPECT_EQ(read_for(one(), "a"), 1U) << at;
  }
}

// A file that changes while it is looked at has no contents that a time could stand for.
TEST_F(ContentTimes, WhatIsNotWhatWasLookedAtHasATimeOfItsOwn) {
  write_file(one() + "/a", "one");
  const auto tree = open_disk_tree(one());
  struct stat st {};
  ASSERT_EQ(::stat((one() + "/a").c_str(), &st), 0);
  const auto ns = [](const timespec& t) { return t.tv_sec * nanos_of_a_second + t.tv_nsec; };
  const file_numbers now{ns(st.st_mtim), ns(st.st_ctim), st.st_ino};
  const auto device = trusted_device(one());
  ASSERT_TRUE(device);
  const content_times times(*tree, device, "", "", nullptr);
  const content_times again(*tree, device, "", "", nullptr);
  ASSERT_TRUE(times.of_file("a", 3, *device, now, false, nullptr).stands_for_contents);
  const auto check = [&](const char* path, std::int64_t size, const file_numbers& numbers) {
    const announced_time one = times.of_file(path, size, *device, numbers, false, nullptr);
    const announced_time other = again.of_file(path, size, *device, numbers, false, nullptr);
    EXPECT_FALSE(one.stands_for_contents);
    EXPECT_NE(one.time, other.time);
    EXPECT_EQ(one.time / nanos_of_a_second, content_second);
  };
  check("gone", 3, now);
  check("a", 2, now);
  check("a", 3, {now.mod_time + 1, now.change_time, now.inode});
  check("a", 3, {now.mod_time, now.change_time - 1, now.inode});
  check("a", 3, {now.mod_time, now.change_time, now.inode + 1});
  check("a", 3, {now.mod_time, now.change_time + 3600 * nanos_of_a_second, now.inode});
  const std::atomic<bool> stopped{true};
  EXPECT_FALSE(times.of_file("a", 3, *device, now, false, &stopped).stands_for_contents);
}

}  // namespace
}  // namespace peelbox::filesync
