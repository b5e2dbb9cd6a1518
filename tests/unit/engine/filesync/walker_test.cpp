#include "engine/filesync/walker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "engine/filesync/announcer.hpp"
#include "engine/filesync/context_filter.hpp"
#include "engine/filesync/disk_tree.hpp"
#include "engine/filesync/order_validator.hpp"
#include "engine/filesync/packet.hpp"
#include "engine/filesync/path_order.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/tree_script.hpp"
#include "tests/unit/engine/filesync/reference_matcher.hpp"

namespace peelbox::filesync {
namespace {

using peelbox::test::make_tree;
using peelbox::test::run_task;
using peelbox::test::temp_dir;
using testing::ElementsAre;
using testing::HasSubstr;

struct walked {
  std::vector<stat_entry> entries;
  transfer_stats stats;
  std::optional<failure> error;
  std::vector<std::string> paths() const {
    std::vector<std::string> all;
    for (const auto& e : entries) all.push_back(e.path);
    return all;
  }
};

task<void> walk_all(opened_context context, blocking_pool& pool, walk_options options, walked& out) {
  const executor ex = co_await asio::this_coro::executor;
  auto wake = std::make_shared<wakeup>(ex);
  file_table files;
  announcer list(files, out.stats);
  {
    walker w(context.tree, context.rules, pool, wake, options);
    walk_run run;
    while (true) {
      const auto state = w.poll(run);
      if (!state) {
        out.error = state.error();
        break;
      }
      if (*state == walker::state::end) break;
      if (*state == walker::state::run) {
        list.add(run);
      } else {
        co_await wake->wait();
      }
    }
  }
  wake->close();
  const packet_batch batch = list.take();
  order_validator validator;
  std::size_t begin = 0;
  for (const auto end : batch.ends) {
    auto p = decode_packet(batch.bytes.view().subspan(begin, end - begin));
    begin = end;
    const auto checked = validator.check(p->entry);
    EXPECT_TRUE(checked) << checked.error().text;
    out.entries.push_back(std::move(p->entry));
  }
}

walked walk(const context_source& source, const request_filters& filters = {}, walk_options options = {},
            unsigned threads = 4) {
  walked out;
  auto context = open_context(source, filters);
  EXPECT_TRUE(context) << context.error().text;
  if (!context) return out;
  asio::io_context io;
  blocking_pool pool(threads);
  run_task(io, walk_all(*context, pool, options, out));
  return out;
}

context_source source_at(const std::string& root) {
  context_source source;
  source.root = root;
  return source;
}

TEST(walker, details_of_entries) {
  temp_dir dir;
  make_tree(dir.path(), {"f file hello", "d/x file 1"});
  ::chmod((dir / "f").c_str(), 06640);
  ::setxattr((dir / "f").c_str(), "user.b", "2", 1, 0);
  ::setxattr((dir / "f").c_str(), "user.a", "1", 1, 0);
  struct stat st;
  ::stat((dir / "f").c_str(), &st);
  const walked w = walk(source_at(dir.path()));
  ASSERT_EQ(w.entries.size(), 3U);
  const stat_entry& f = w.entries[2];
  EXPECT_EQ(f.path, "f");
  EXPECT_EQ(f.mode, go_mode::setuid | go_mode::setgid | 0640U);
  EXPECT_EQ(f.size, 5);
  EXPECT_EQ(f.mod_time, st.st_mtim.tv_sec * 1'000'000'000 + st.st_mtim.tv_nsec);
  EXPECT_EQ(f.uid, 0U);
  if (!f.xattrs.empty()) {  // the file system of the test may have none
    EXPECT_THAT(f.xattrs, ElementsAre(std::pair<std::string, std::string>("user.a", "1"),
                                      std::pair<std::string, std::string>("user.b", "2")));
  }
  walk_options keep;
  keep.reset_owner = false;
  EXPECT_EQ(walk(source_at(dir.path()), {}, keep).entries[2].uid, st.st_uid);
}

// As kernels before 6.13 answer, for this process from here on.
bool refuse_new_xattr_calls() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 463, 0, 2),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 466, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST(walker, attributes_on_older_kernels) {
  temp_dir dir;
  make_tree(dir.path(), {"a/f file 1", "a/g file 2", "b/deep/f file 3", "f file 4", "l symlink f"});
  if (::setxattr((dir / "f").c_str(), "user.a", "top", 3, 0) != 0) GTEST_SKIP() << "no attributes here";
  ::setxattr((dir / "a/f").c_str(), "user.a", "inner", 5, 0);
  ::setxattr((dir / "b/deep/f").c_str(), "user.a", "deep", 4, 0);
  const walked now = walk(source_at(dir.path()));
  EXPECT_EXIT(
      {
        const std::string here = std::filesystem::current_path();
        const bool older = refuse_new_xattr_calls();
        const walked then = walk(source_at(dir.path()));
        const bool same = now.entries == then.entries;
        std::_Exit(!older ? 3 : !same ? 4 : here != std::filesystem::current_path() ? 5 : 0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(walker, names_of_any_bytes) {
  temp_dir dir;
  for (const char* name : {"new\nline", "sp ace", "\xFF\xFE", "-", "a", "a.b", "a/b", "\x01"}) {
    peelbox::test::write_file(dir / name == dir / "a" ? dir / "a/c" : dir / name, "x");
  }
  EXPECT_THAT(walk(source_at(dir.path())).paths(),
              ElementsAre("\x01", "-", "a", "a/b", "a/c", "a.b", "new\nline", "sp ace", "\xFF\xFE"));
}

TEST(walker, the_metadata_file_is_left_out_and_a_socket_is_an_empty_file) {
  temp_dir dir;
  make_tree(dir.path(), {"a file 1", ".fsutil-metadata file x", "d/.fsutil-metadata file y", "p fifo"});
  peelbox::test::make_socket(dir / "sock");
  const walked w = walk(source_at(dir.path()));
  EXPECT_THAT(w.paths(), ElementsAre("a", "d", "d/.fsutil-metadata", "p", "sock"));
  EXPECT_TRUE(w.entries.back().has_data());
  EXPECT_EQ(w.entries.back().size, 0);
  // What `context explain` says of them is what happens.
  const auto explained = [&](const std::string& path) { return explain_path(source_at(dir.path()), {}, path)->sent; };
  EXPECT_TRUE(explained("sock"));
  EXPECT_TRUE(explained("p"));
  EXPECT_TRUE(explained("d/.fsutil-metadata"));
  EXPECT_FALSE(explained(".fsutil-metadata"));
  EXPECT_THAT(explain_path(source_at(dir.path()), {}, ".fsutil-metadata")->why, HasSubstr("this name or type"));
}

TEST(walker, a_root_that_is_a_link_and_links_that_leave) {
  temp_dir dir;
  make_tree(dir.path(),
            {"real/a file 1", "real/out symlink /etc", "real/up symlink ..", "root symlink real"});
  EXPECT_THAT(walk(source_at(dir / "root")).paths(), ElementsAre("a", "out", "up"));
}

TEST(walker, hard_links_name_the_first_path_that_is_sent) {
  temp_dir dir;
  make_tree(dir.path(), {"a/first file data", "b/second link a/first", "c link a/first"});
  const walked all = walk(source_at(dir.path()));
  EXPECT_EQ(all.entries[3].linkname, "a/first");
  EXPECT_EQ(all.entries[4].linkname, "a/first");
  const walked some = walk(source_at(dir.path()), {.include = {}, .exclude = {"a"}, .follow_paths = {}});
  EXPECT_THAT(some.paths(), ElementsAre("b", "b/second", "c"));
  EXPECT_EQ(some.entries[1].linkname, "");
  EXPECT_EQ(some.entries[2].linkname, "b/second");
}

// A tree that knows which directories were opened, and in which some cannot be.
class watched_tree final : public file_tree {
 public:
  watched_tree(std::shared_ptr<const file_tree> inner, std::set<std::string> locked)
      : inner_(std::move(inner)), locked_(std::move(locked)) {}
  result<std::unique_ptr<open_directory>> directory(std::string_view path) const override {
    const std::lock_guard lock(mutex_);
    opened.insert(std::string(path));
    if (locked_.contains(std::string(path))) return failure(errc::permission, "Permission denied");
    return inner_->directory(path);
  }
  result<std::unique_ptr<open_file>> file(std::string_view path) const override { return inner_->file(path); }
  mutable std::set<std::string> opened;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const file_tree> inner_;
  std::set<std::string> locked_;
};

TEST(walker, directories_that_no_pattern_can_match_are_not_opened) {
  temp_dir dir;
  make_tree(dir.path(), {"src/a/x file 1", "src/b/x file 1", "node_modules/deep/x file 1",
                         "sub/node_modules/x file 1", "doc/y file 1", "doc/keep/z file 1"});
  const auto opened = [&](request_filters filters, std::vector<std::string> own = {}) {
    auto source = source_at(dir.path());
    auto tree = std::make_shared<watched_tree>(*open_disk_tree(dir.path()), std::set<std::string>{});
    source.tree = tree;
    source.exclude = std::move(own);
    EXPECT_FALSE(walk(source, filters).error);
    return tree->opened;
  };
  EXPECT_THAT(opened({.include = {"src/a"}, .exclude = {}, .follow_paths = {}}),
              ElementsAre("", "src", "src/a"));
  EXPECT_THAT(opened({.include = {"src/*/x"}, .exclude = {}, .follow_paths = {}}),
              ElementsAre("", "src", "src/a", "src/b"));
  EXPECT_THAT(opened({.include = {}, .exclude = {"**/node_modules", "doc"}, .follow_paths = {}}),
              ElementsAre("", "src", "src/a", "src/b", "sub"));
  EXPECT_THAT(opened({.include = {}, .exclude = {"*", "!doc/keep"}, .follow_paths = {}}),
              ElementsAre("", "doc", "doc/keep"));
  EXPECT_THAT(opened({}, {"src", "**/node_modules", "doc", "!doc/*/z"}),
              ElementsAre("", "doc", "doc/keep", "sub"));
}

TEST(walker, unreadable_directories_matter_only_when_they_are_sent) {
  temp_dir dir;
  make_tree(dir.path(), {"a/x file 1", "locked/x file 1", "z file 1"});
  auto source = source_at(dir.path());
  source.tree = std::make_shared<watched_tree>(*open_disk_tree(dir.path()), std::set<std::string>{"locked"});
  const walked w = walk(source);
  ASSERT_TRUE(w.error);
  EXPECT_EQ(w.error->code, errc::context);
  EXPECT_THAT(w.error->text, HasSubstr("'locked'"));
  EXPECT_THAT(w.error->text, HasSubstr(".dockerignore"));
  EXPECT_THAT(walk(source, {.include = {}, .exclude = {"locked"}, .follow_paths = {}}).paths(),
              ElementsAre("a", "a/x", "z"));
  // Looked into because of the negation, but nothing of it is sent.
  const walked negated =
      walk(source, {.include = {}, .exclude = {"locked", "!locked/y"}, .follow_paths = {}});
  EXPECT_FALSE(negated.error);
  EXPECT_THAT(negated.paths(), ElementsAre("a", "a/x", "z"));
}

TEST(walker, flat_and_deep_directories) {
  temp_dir dir;
  std::vector<std::string> expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string name = "f" + std::to_string(i) + (i % 500 == 0 ? "/inner" : "");
    peelbox::test::write_file(dir / name, "");
    expected.push_back(name);
    if (i % 500 == 0) expected.push_back(name.substr(0, name.find('/')));
  }
  std::sort(expected.begin(), expected.end(), path_less());
  for (const std::size_t ahead : {std::size_t{1}, std::size_t{300}, std::size_t{100'000}}) {
    walk_options options;
    options.ahead = ahead;
    EXPECT_EQ(walk(source_at(dir.path()), {}, options).paths(), expected);
  }
}

TEST(walker, paths_longer_than_the_system_takes) {
  temp_dir dir;
  const std::string name(200, 'n');
  const std::string start = std::filesystem::current_path();
  std::filesystem::current_path(dir.path());
  constexpr int depth = 40;  // 8,000 bytes
  for (int i = 0; i < depth; ++i) {
    ASSERT_EQ(::mkdir(name.c_str(), 0700), 0);
    ASSERT_EQ(::chdir(name.c_str()), 0);
  }
  { std::ofstream("leaf") << "data"; }
  const walked w = walk(source_at(dir.path()));
  EXPECT_FALSE(w.error);
  ASSERT_EQ(w.entries.size(), static_cast<std::size_t>(depth + 1));
  const auto tree = open_disk_tree(dir.path());
  EXPECT_EQ(*read_whole_file(**tree, w.entries.back().path, 100), "data");
  // remove_all cannot go this deep either.
  ::unlink("leaf");
  for (int i = 0; i < depth; ++i) {
    ASSERT_EQ(::chdir(".."), 0);
    ASSERT_EQ(::rmdir(name.c_str()), 0);
  }
  std::filesystem::current_path(start);
}

TEST(walker, entries_that_come_and_go) {
  temp_dir dir;
  for (int i = 0; i < 400; ++i)
    peelbox::test::write_file(dir / ("d" + std::to_string(i % 20) + "/f" + std::to_string(i)), "");
  std::atomic<bool> stop{false};
  std::thread churn([&] {
    for (int i = 0; !stop; i = (i + 1) % 20) {
      std::error_code ignored;
      std::filesystem::rename(dir / ("d" + std::to_string(i)), dir / "gone", ignored);
      std::filesystem::rename(dir / "gone", dir / ("d" + std::to_string(i)), ignored);
    }
  });
  for (int round = 0; round < 20; ++round) {
    const walked w = walk(source_at(dir.path()));
    EXPECT_FALSE(w.error) << w.error->text;
  }
  stop = true;
  churn.join();
}

// Compares with a plain recursive walk and the slow implementation of the patterns.
TEST(walker, agrees_with_a_naive_walk) {
  std::mt19937 random(11);
  const std::vector<std::string> names{"a", "b", "ab", "a.b", "x", "a-"};
  const std::vector<std::string> parts{"a", "b", "ab", "*", "?", "**", "*.b", "x*", "a.b"};
  const auto random_patterns = [&] {
    std::vector<std::string> lines;
    for (std::size_t n = random() % 4; n > 0; --n) {
      std::string p = random() % 3 == 0 ? "!" : "";
      for (std::size_t depth = 1 + random() % 3; depth > 0; --depth) {
        p += parts[random() % parts.size()];
        if (depth > 1) p += '/';
      }
      lines.push_back(p);
    }
    return lines;
  };
  for (int round = 0; round < 12; ++round) {
    temp_dir dir;
    std::vector<std::pair<std::string, bool>> tree;
    const auto grow = [&](auto&& self, const std::string& path, int depth) -> void {
      for (const auto& name : names) {
        if (random() % 3 == 0) continue;
        const std::string child = join_path(path, name);
        const bool directory = depth < 3 && random() % 2 == 0;
        tree.emplace_back(child, directory);
        if (directory) {
          std::filesystem::create_directory(dir / child);
          self(self, child, depth + 1);
        } else {
          peelbox::test::write_file(dir / child, "");
        }
      }
    };
    grow(grow, "", 0);
    for (int set = 0; set < 20; ++set) {
      const request_filters filters{random_patterns(), random_patterns(), {}};
      const auto own = random_patterns();
      const test::slow_patterns slow[3]{test::slow_patterns(own), test::slow_patterns(filters.include),
                                        test::slow_patterns(filters.exclude)};
      std::map<std::string, std::array<std::vector<bool>, 3>> info;
      std::set<std::string, path_less> expected;
      std::vector<std::pair<std::string, bool>> ordered = tree;
      std::sort(ordered.begin(), ordered.end(),
                [](const auto& l, const auto& r) { return compare_paths(l.first, r.first) < 0; });
      for (const auto& [path, directory] : ordered) {
        bool hit[3];
        for (int k = 0; k < 3; ++k) {
          const std::string parent(parent_path(path));
          const auto above =
              parent.empty() ? std::nullopt : std::optional(info[parent][static_cast<std::size_t>(k)]);
          hit[k] = slow[k].matches(path, above, info[path][static_cast<std::size_t>(k)]);
        }
        if (hit[0] || (!filters.include.empty() && !hit[1]) || hit[2]) continue;
        for (std::string p = path; !p.empty(); p = std::string(parent_path(p))) expected.insert(p);
      }
      auto source = source_at(dir.path());
      source.exclude = own;
      walk_options options;
      options.ahead = random() % 2 == 0 ? 1 : 1000;
      const walked w = walk(source, filters, options, 3);
      ASSERT_EQ(w.paths(), std::vector<std::string>(expected.begin(), expected.end()))
          << testing::PrintToString(own) << testing::PrintToString(filters.include)
          << testing::PrintToString(filters.exclude);
    }
  }
}

TEST(explain, names_the_rule) {
  temp_dir dir;
  make_tree(dir.path(), {"a/x.log file 1", "node_modules/y file 1", "keep file 1", "sub/out/z file 1"});
  peelbox::test::write_file(dir / ".dockerignore", "# top\n**/*.log\nnode_modules\n");
  peelbox::test::write_file(dir / "sub/.gitignore", "\nout/\n");
  auto source = source_at(dir.path());
  source.dockerignore = ".dockerignore";
  source.gitignore = true;
  const auto why = [&](const std::string& path, request_filters filters = {}) {
    const auto d = explain_path(source, filters, path);
    EXPECT_TRUE(d);
    return !d           ? std::string("failed")
           : !d->exists ? std::string("missing")
           : d->sent    ? std::string("sent")
                        : d->why;
  };
  EXPECT_EQ(why("keep"), "sent");
  EXPECT_EQ(why("nothing"), "missing");
  EXPECT_EQ(why("a/x.log"), ".dockerignore line 2: **/*.log");
  EXPECT_EQ(why("node_modules"), ".dockerignore line 3: node_modules");
  EXPECT_EQ(why("node_modules/y"), "'node_modules' is left out by .dockerignore line 3: node_modules");
  EXPECT_EQ(why("sub/out/z"), "'sub/out' is left out by sub/.gitignore line 2: out/");
  EXPECT_THAT(why("keep", {.include = {}, .exclude = {"k*"}, .follow_paths = {}}),
              HasSubstr("exclude pattern of the request: k*"));
  EXPECT_THAT(why("keep", {.include = {"a"}, .exclude = {}, .follow_paths = {}}),
              HasSubstr("no include pattern"));
  EXPECT_FALSE(explain_path(source, {}, "../x"));
}

}  // namespace
}  // namespace peelbox::filesync
