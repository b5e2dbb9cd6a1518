#include "engine/filesync/sender.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <map>

#include "engine/async/task_group.hpp"
#include "engine/filesync/disk_tree.hpp"
#include "engine/filesync/fingerprinted_context.hpp"
#include "engine/filesync/order_validator.hpp"
#include "engine/filesync/packet.hpp"
#include "engine/filesync/sender_core.hpp"
#include "tests/support/packet_pipe.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::filesync {
namespace {

using peelbox::test::make_tree;
using peelbox::test::packet_pipe;
using peelbox::test::run_task;
using peelbox::test::temp_dir;
using testing::ElementsAre;
using testing::HasSubstr;

// A daemon for tests: records what it got, and does something wrong on purpose.
struct fake_daemon {
  // Behaviour.
  bool request_all = true;
  std::function<void(fake_daemon&, const packet&)> on_packet;  // before the packet is handled
  std::vector<byte_chain> say_first;
  // What came.
  std::vector<stat_entry> entries;
  std::map<std::string, std::string> contents;
  std::map<std::uint32_t, std::string> open;
  std::size_t ended = 0;
  bool list_ended = false;
  bool got_fin = false;
  std::optional<std::string> error;
  std::size_t payload_packets = 0;
  bool keep_payload = true;
  std::uint64_t payload_bytes = 0;

  task<result<void>> run(packet_channel& channel) {
    order_validator validator;
    std::size_t requested = 0;
    for (auto& packet : say_first) {
      result<void> said = co_await channel.send(std::move(packet));
      if (!said) co_return said.error();
    }
    while (true) {
      result<std::optional<byte_slice>> message = co_await channel.receive();
      if (!message) co_return message.error();
      if (!*message) co_return failure(errc::closed, "sender closed");
      const auto decoded = decode_packet((*message)->view());
      if (!decoded) co_return decoded.error();
      const packet& p = *decoded;
      if (on_packet) on_packet(*this, p);
      if (p.type == packet_type::error) {
        error = std::string(p.text());
        co_return result<void>();
      }
      if (p.type == packet_type::fin) {
        got_fin = true;
        co_return result<void>();
      }
      if (p.type == packet_type::stat && p.has_entry) {
        EXPECT_FALSE(list_ended);
        if (auto r = validator.check(p.entry); !r) co_return r.error();
        const auto id = static_cast<std::uint32_t>(entries.size());
        entries.push_back(p.entry);
        if (request_all && p.entry.has_data()) {
          open[id];
          ++requested;
          byte_chain request = request_packet(id);
          result<void> said = co_await channel.send(std::move(request));
          if (!said) co_return said.error();
        }
      } else if (p.type == packet_type::stat) {
        list_ended = true;
      } else {
        if (!open.contains(p.id)) co_return failure(errc::protocol, "data for a file that is not open");
        if (p.data.empty()) {
          contents[entries[p.id].path] = std::move(open[p.id]);
          open.erase(p.id);
          ++ended;
        } else {
          ++payload_packets;
          payload_bytes += p.data.size();
          if (keep_payload) open[p.id] += p.text();
        }
      }
      if (list_ended && ended == requested) {
        byte_chain fin = fin_packet();
        result<void> said = co_await channel.send(std::move(fin));
        if (!said) co_return said.error();
        list_ended = false;  // once
        requested = SIZE_MAX;
      }
    }
  }

  std::vector<std::string> paths() const {
    std::vector<std::string> all;
    for (const auto& e : entries) all.push_back(e.path);
    return all;
  }
};

struct outcome {
  result<transfer_stats> sent = failure();
  result<void> received;
};

task<result<void>> far_side(fake_daemon& daemon, packet_pipe& pipe, outcome& out) {
  out.received = co_await daemon.run(pipe.second());
  if (out.received) {
    pipe.close_second();
  } else {
    pipe.break_with(out.received.error());
  }
  co_return result<void>();
}

using judgement = std::shared_ptr<const fingerprinted_context>;

task<result<void>> near_side(std::shared_ptr<context_source> source, request_filters filters,
                             packet_pipe& pipe, blocking_pool& pool, outcome& out, judgement judged = nullptr) {
  transfer_stats live;
  auto sending = send_tree(std::move(source), std::move(filters), pipe.first(), pool, live, std::move(judged));
  out.sent = co_await std::move(sending);
  pipe.close_first();
  co_return result<void>();
}

outcome transfer(fake_daemon& daemon, std::shared_ptr<context_source> source, request_filters filters = {},
                 std::size_t capacity = 8, unsigned threads = 3, judgement judged = nullptr) {
  asio::io_context io;
  blocking_pool pool(threads);  // joins before the context goes
  outcome o;
  packet_pipe pipe(io.get_executor(), capacity);
  run_task(io, task_group::run([&](task_group& group) {
             group.spawn(far_side(daemon, pipe, o));
             return near_side(source, filters, pipe, pool, o, judged);
           }));
  return o;
}

std::shared_ptr<context_source> source_of(const temp_dir& dir) {
  auto source = std::make_shared<context_source>();
  source->root = dir.path();
  return source;
}

TEST(sender, sends_a_tree_and_its_files) {
  temp_dir dir;
  make_tree(dir.path(), {"b file hello", "a/x file 1", "a/empty file ", "a-/y file 2", "link symlink a/x",
                         "h link b", "pipe fifo", "d dir"});
  fake_daemon daemon;
  const outcome o = transfer(daemon, source_of(dir));
  ASSERT_TRUE(o.sent) << o.sent.error().text;
  ASSERT_TRUE(o.received) << o.received.error().text;
  EXPECT_TRUE(daemon.got_fin);
  EXPECT_THAT(daemon.paths(),
              ElementsAre("a", "a/empty", "a/x", "a-", "a-/y", "b", "d", "h", "link", "pipe"));
  EXPECT_EQ(daemon.contents["b"], "hello");
  EXPECT_EQ(daemon.contents["a/x"], "1");
  EXPECT_EQ(daemon.contents["a/empty"], "");
  EXPECT_EQ(daemon.entries[7].linkname, "b");
  EXPECT_EQ(daemon.entries[7].size, 5);
  EXPECT_EQ(daemon.entries[8].linkname, "a/x");
  EXPECT_EQ(daemon.entries[8].mode, go_mode::symlink | 0777);
  EXPECT_EQ(daemon.entries[8].size, 3);
  EXPECT_EQ(daemon.entries[9].mode & go_mode::type_mask, go_mode::fifo);
  EXPECT_EQ(daemon.entries[0].size, 0);
  EXPECT_EQ(o.sent->files, 5U);
  EXPECT_EQ(o.sent->hard_links, 1U);
  EXPECT_EQ(o.sent->directories, 3U);
  EXPECT_EQ(o.sent->links, 1U);
  EXPECT_EQ(o.sent->others, 1U);
  EXPECT_EQ(o.sent->files_transferred, 4U);
  EXPECT_EQ(o.sent->bytes_transferred, 7U);
  EXPECT_EQ(o.sent->entries(), daemon.entries.size());
}

TEST(sender, an_empty_tree) {
  temp_dir dir;
  fake_daemon daemon;
  const outcome o = transfer(daemon, source_of(dir));
  ASSERT_TRUE(o.sent) << o.sent.error().text;
  EXPECT_TRUE(daemon.got_fin);
  EXPECT_TRUE(daemon.entries.empty());
}

TEST(sender, metadata_only_when_nothing_is_requested) {
  temp_dir dir;
  make_tree(dir.path(), {"a/x file 1", "b file 2"});
  fake_daemon daemon;
  daemon.request_all = false;
  const outcome o = transfer(daemon, source_of(dir));
  ASSERT_TRUE(o.sent) << o.sent.error().text;
  EXPECT_EQ(daemon.entries.size(), 3U);
  EXPECT_EQ(o.sent->bytes_transferred, 0U);
}

TEST(sender, large_and_small_files_with_every_capacity_and_budget) {
  temp_dir dir;
  std::map<std::string, std::string> expected;
  for (int i = 0; i < 200; ++i) {
    const std::string name = "d" + std::to_string(i % 7) + "/f" + std::to_string(i);
    std::string data(static_cast<std::size_t>(i) * 37 % 5000, static_cast<char>('a' + i % 26));
    if (i % 40 == 0) data.resize(300'000, 'L');
    peelbox::test::write_file(dir / name, data);
    expected[name] = data;
  }
  for (const std::size_t capacity : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
    for (const std::size_t ahead : {std::size_t{1}, std::size_t{100'000}, std::size_t{16} << 20}) {
      auto source = source_of(dir);
      source->packet_size = 64 * 1024;
      source->read_ahead = ahead;
      source->walk_ahead = ahead == 1 ? 1 : 1000;
      fake_daemon daemon;
      const outcome o = transfer(daemon, source, {}, capacity);
      ASSERT_TRUE(o.sent) << o.sent.error().text;
      EXPECT_EQ(daemon.contents, expected);
    }
  }
}

TEST(sender, payload_is_never_copied) {
  temp_dir dir;
  peelbox::test::write_file(dir / "big", std::string(64 << 20, 'x'));
  fake_daemon daemon;
  daemon.keep_payload = false;
  const auto before = byte_chain::copied_bytes();
  const outcome o = transfer(daemon, source_of(dir));
  ASSERT_TRUE(o.sent) << o.sent.error().text;
  EXPECT_EQ(daemon.payload_bytes, 64U << 20);
  EXPECT_EQ(daemon.payload_packets, 64U);
  EXPECT_LT(byte_chain::copied_bytes() - before, 1000U);
}

TEST(sender, filters_of_the_request) {
  temp_dir dir;
  make_tree(dir.path(),
            {"src/a.c file 1", "src/deep/b.c file 2", "src/deep/b.o file 3", "doc/x file 4", "empty dir"});
  fake_daemon daemon;
  outcome o =
      transfer(daemon, source_of(dir), {.include = {"src/**/*.c"}, .exclude = {}, .follow_paths = {}});
  ASSERT_TRUE(o.sent);
  EXPECT_THAT(daemon.paths(), ElementsAre("src", "src/a.c", "src/deep", "src/deep/b.c"));
  fake_daemon second;
  o = transfer(second, source_of(dir), {.include = {}, .exclude = {"**/*.o", "doc"}, .follow_paths = {}});
  EXPECT_THAT(second.paths(), ElementsAre("empty", "src", "src/a.c", "src/deep", "src/deep/b.c"));
  fake_daemon third;
  o = transfer(third, source_of(dir), {.include = {"[x"}, .exclude = {}, .follow_paths = {}});
  ASSERT_FALSE(o.sent);
  EXPECT_EQ(o.sent.error().code, errc::usage);
  EXPECT_THAT(third.error.value_or(""), HasSubstr("[x"));
}

TEST(sender, follow_paths) {
  temp_dir dir;
  make_tree(dir.path(), {"a/real file 1", "link symlink a", "other file 2"});
  fake_daemon daemon;
  const outcome o =
      transfer(daemon, source_of(dir), {.include = {}, .exclude = {}, .follow_paths = {"link/real"}});
  ASSERT_TRUE(o.sent);
  EXPECT_THAT(daemon.paths(), ElementsAre("a", "a/real", "link"));
}

TEST(sender, own_ignore_rules_come_first) {
  temp_dir dir;
  make_tree(dir.path(), {"keep file 1", "secret file 2", "node_modules/x file 3", "sub/out/y file 4",
                         "sub/z file 5", ".dockerignore file secret"});
  peelbox::test::write_file(dir / "sub/.gitignore", "out/\n");
  auto source = source_of(dir);
  source->dockerignore = ".dockerignore";
  source->gitignore = true;
  source->exclude = {"**/node_modules"};
  fake_daemon daemon;
  const outcome o =
      transfer(daemon, source,
               {.include = {"secret", "keep", "sub", "node_modules"}, .exclude = {}, .follow_paths = {}});
  ASSERT_TRUE(o.sent) << o.sent.error().text;
  EXPECT_THAT(daemon.paths(), ElementsAre("keep", "sub", "sub/.gitignore", "sub/z"));
}

// A file that is not what was announced ends the transfer with its name; changes are made when its request is
// due.
struct change {
  const char* name;
  std::function<void(const std::string&)> apply;
  const char* expected;
};

TEST(sender, changed_files_end_the_transfer) {
  const std::vector<change> changes{
      {"shrank", [](const std::string& p) { EXPECT_EQ(::truncate(p.c_str(), 3), 0); },
       "shrank from 10 to 3 bytes"},
      {"vanished", [](const std::string& p) { ::unlink(p.c_str()); }, "vanished"},
      {"became a link",
       [](const std::string& p) {
         ::unlink(p.c_str());
         EXPECT_EQ(::symlink("/etc/passwd", p.c_str()), 0);
       },
       "vanished"},
      {"became a fifo",
       [](const std::string& p) {
         ::unlink(p.c_str());
         ::mkfifo(p.c_str(), 0600);
       },
       "not a regular file"},
      {"was touched",
       [](const std::string& p) {
         const timespec t[2]{{1, 0}, {1, 0}};
         ::utimensat(AT_FDCWD, p.c_str(), t, 0);
       },
       "was written to"},
      {"was replaced",
       [](const std::string& p) {
         std::filesystem::rename(p, p + "2");
         struct stat st;
         ::stat((p + "2").c_str(), &st);
         peelbox::test::write_file(p, "0123456789");
         const timespec t[2]{st.st_mtim, st.st_mtim};
         ::utimensat(AT_FDCWD, p.c_str(), t, 0);
       },
       "was replaced or changed"},
  };
  for (const bool large : {false, true}) {
    for (const auto& c : changes) {
      temp_dir dir;
      peelbox::test::write_file(dir / "a/b", "0123456789");
      if (large && std::string(c.expected).find("10") != std::string::npos) continue;
      if (large) {
        ASSERT_EQ(::truncate((dir / "a/b").c_str(), 300'000), 0);
      }
      fake_daemon daemon;
      daemon.on_packet = [&](fake_daemon& d, const packet& p) {
        if (p.type == packet_type::stat && p.has_entry && p.entry.path == "a/b") c.apply(dir / "a/b");
        (void)d;
      };
      auto source = source_of(dir);
      source->packet_size = 64 * 1024;
      const outcome o = transfer(daemon, source);
      ASSERT_FALSE(o.sent) << c.name;
      EXPECT_EQ(o.sent.error().code, errc::context) << c.name;
      EXPECT_THAT(o.sent.error().text, HasSubstr("'a/b'"));
      // The large one is replaced by a file of another size.
      if (!large || std::string(c.name) != "was replaced") {
        EXPECT_THAT(o.sent.error().text, HasSubstr(c.expected));
      }
      EXPECT_EQ(daemon.error.value_or(""), o.sent.error().text);
      EXPECT_FALSE(daemon.got_fin);
    }
  }
}

// buildctl goes on as well, and sends what is there meanwhile, which is not what it announced.
TEST(sender, of_files_that_grow_the_announced_part_is_sent) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{300'000}}) {
    temp_dir dir;
    peelbox::test::write_file(dir / "a/log", std::string(size, 'x'));
    peelbox::test::write_file(dir / "b", "other");
    fake_daemon daemon;
    daemon.on_packet = [&](fake_daemon&, const packet& p) {
      if (p.type == packet_type::stat && p.has_entry && p.entry.path == "a/log")
        std::ofstream(dir / "a/log", std::ios::app) << "more";
    };
    auto source = source_of(dir);
    source->packet_size = 64 * 1024;
    const outcome o = transfer(daemon, source);
    ASSERT_TRUE(o.sent) << o.sent.error().text;
    EXPECT_EQ(daemon.contents["a/log"], std::string(size, 'x'));
    EXPECT_EQ(daemon.contents["b"], "other");
    EXPECT_EQ(o.sent->files_grown, 1U);
    EXPECT_EQ(o.sent->first_grown, "a/log");
  }
}

// A file system that numbers its files anew whenever it is asked, and a file whose reads end early.
class odd_tree final : public file_tree {
 public:
  odd_tree(std::shared_ptr<const file_tree> inner, std::optional<std::size_t> readable)
      : inner_(std::move(inner)), readable_(readable) {}
  result<std::unique_ptr<open_directory>> directory(std::string_view path) const override {
    auto found = inner_->directory(path);
    if (!found) return found.error();
    return std::unique_ptr<open_directory>(std::make_unique<odd_directory>(std::move(*found)));
  }
  result<std::unique_ptr<open_file>> file(std::string_view path) const override {
    auto found = inner_->file(path);
    if (!found || !readable_) return found;
    return std::unique_ptr<open_file>(std::make_unique<cut_file>(std::move(*found), *readable_));
  }

 private:
  struct odd_directory final : open_directory {
    explicit odd_directory(std::unique_ptr<open_directory> i) : inner(std::move(i)) {}
    result<name_list> list() override { return inner->list(); }
    result<entry_details> details(std::string_view name) override {
      static std::atomic<std::uint64_t> next{1'000'000'000};
      auto found = inner->details(name);
      if (found) found->inode = ++next;
      return found;
    }
    result<entry_xattrs> xattrs(std::string_view name, std::uint64_t device) override { return inner->xattrs(name, device); }
    std::unique_ptr<open_directory> inner;
  };
  // Truncated between the first look at it and the first read.
  struct cut_file final : open_file {
    cut_file(std::unique_ptr<open_file> i, std::size_t r) : inner(std::move(i)), readable(r) {}
    result<file_identity> identify() override {
      // Pieces of one file are read by several threads.
      auto found = inner->identify();
      if (looked.exchange(true) && found) found->size = static_cast<std::int64_t>(readable);
      return found;
    }
    result<std::size_t> read(std::uint64_t offset, std::byte* target, std::size_t size) override {
      if (offset >= readable) return std::size_t{0};
      return inner->read(offset, target, std::min<std::size_t>(size, readable - offset));
    }
    std::unique_ptr<open_file> inner;
    std::size_t readable;
    std::atomic<bool> looked = false;
  };
  std::shared_ptr<const file_tree> inner_;
  std::optional<std::size_t> readable_;
};

task<void> take(std::shared_ptr<context_source> source, blocking_pool& pool, result<judgement>& out) {
  auto taking = take_fingerprint(std::move(source), "context", {}, pool);
  out = co_await std::move(taking);
}

/// With or without what the walk found, as for a large context.
judgement judge(std::shared_ptr<context_source> source, bool keeps_entries) {
  asio::io_context io;
  blocking_pool pool(2);
  result<judgement> found = failure();
  run_task(io, take(std::move(source), pool, found));
  EXPECT_TRUE(found) << found.error().text;
  auto copy = std::make_shared<fingerprinted_context>(**found);
  if (!keeps_entries) {
    copy->entries.clear();
    copy->has_entries = false;
  }
  return copy;
}

TEST(sender, what_was_judged_is_sent_as_it_is) {
  for (const bool keeps : {true, false}) {
    temp_dir dir;
    make_tree(dir.path(), {"a/x file 1", "b file hello", "h link b", "l symlink b", "e file "});
    const auto source = source_of(dir);
    const judgement judged = judge(source, keeps);
    fake_daemon daemon;
    const outcome o = transfer(daemon, source, {}, 8, 3, judged);
    ASSERT_TRUE(o.sent) << o.sent.error().text;
    EXPECT_TRUE(daemon.got_fin);
    EXPECT_THAT(daemon.paths(), ElementsAre("a", "a/x", "b", "e", "h", "l"));
    EXPECT_EQ(daemon.contents["b"], "hello");
    EXPECT_EQ(daemon.contents["a/x"], "1");
    EXPECT_EQ(o.sent->files, 4u);
  }
}

task<result<void>> describing_side(std::shared_ptr<context_source> source, packet_pipe& pipe, blocking_pool& pool,
                                   announced_tree& told) {
  transfer_stats stats;
  auto sending = send_and_describe(std::move(source), "context", {}, pipe.first(), pool, stats, told);
  auto sent = co_await std::move(sending);
  pipe.close_first();
  if (!sent) co_return sent.error();
  co_return result<void>();
}

TEST(sender, a_described_transfer_tells_the_fingerprint_of_what_it_sent) {
  temp_dir dir;
  make_tree(dir.path(), {"a/x file 1", "b file hello", "h link b", "l symlink b"});
  const auto source = source_of(dir);
  const judgement judged = judge(source, false);
  asio::io_context io;
  blocking_pool pool(2);
  fake_daemon daemon;
  outcome o;
  packet_pipe pipe(io.get_executor(), 8);
  announced_tree told;
  run_task(io, task_group::run([&](task_group& group) {
             group.spawn(far_side(daemon, pipe, o));
             return describing_side(source, pipe, pool, told);
           }));
  EXPECT_TRUE(daemon.got_fin);
  EXPECT_EQ(told.digest, judged->digest);
  EXPECT_EQ(told.newest_change, judged->newest_change);
}

TEST(sender, another_tree_than_the_judged_one_is_never_completed) {
  using action = std::function<void(const temp_dir&)>;
  const std::vector<std::pair<std::string, action>> changes = {
      {"written to", [](const temp_dir& dir) { peelbox::test::write_file(dir / "b", "HELLO"); }},
      {"longer", [](const temp_dir& dir) { peelbox::test::write_file(dir / "b", "hello world"); }},
      {"shorter", [](const temp_dir& dir) { peelbox::test::write_file(dir / "b", "hel"); }},
      {"gone", [](const temp_dir& dir) { std::filesystem::remove(dir / "b"); }},
      {"another in its place", [](const temp_dir& dir) {
         peelbox::test::write_file(dir / "new", "olleh");
         std::filesystem::rename(dir / "new", dir / "b");
       }},
      {"directories that change places", [](const temp_dir& dir) {
         std::filesystem::rename(dir / "x", dir / "z");
         std::filesystem::rename(dir / "y", dir / "x");
         std::filesystem::rename(dir / "z", dir / "y");
       }}};
  for (const bool keeps : {true, false}) {
    for (const auto& [what, apply] : changes) {
      temp_dir dir;
      make_tree(dir.path(), {"b file hello", "x/f file 1", "y/f file 2"});
      const auto source = source_of(dir);
      const judgement judged = judge(source, keeps);
      ::usleep(25'000);
      apply(dir);
      fake_daemon daemon;
      const outcome o = transfer(daemon, source, {}, 8, 3, judged);
      ASSERT_FALSE(o.sent) << what;
      EXPECT_EQ(o.sent.error().code, errc::context) << what;
      EXPECT_TRUE(daemon.error) << what;
      EXPECT_FALSE(daemon.got_fin) << what;
      if (!keeps) {
        EXPECT_FALSE(daemon.list_ended) << what;
      }
    }
  }
}

TEST(sender, what_nobody_asks_for_may_change_behind_the_judgement) {
  temp_dir dir;
  make_tree(dir.path(), {"b file hello"});
  const auto source = source_of(dir);
  const judgement judged = judge(source, true);
  peelbox::test::write_file(dir / "b", "hello world");
  fake_daemon daemon;
  daemon.request_all = false;
  const outcome o = transfer(daemon, source, {}, 8, 3, judged);
  ASSERT_TRUE(o.sent) << o.sent.error().text;
  EXPECT_EQ(daemon.entries[0].size, 5) << "announced as it was judged";
}

TEST(sender, inode_numbers_that_change_do_not_matter) {
  temp_dir dir;
  make_tree(dir.path(), {"a/x file 1", "b file 22"});
  peelbox::test::write_file(dir / "large", std::string(300'000, 'L'));
  auto source = source_of(dir);
  source->packet_size = 64 * 1024;
  source->tree = std::make_shared<odd_tree>(*open_disk_tree(dir.path()), std::nullopt);
  fake_daemon daemon;
  const outcome o = transfer(daemon, source);
  ASSERT_TRUE(o.sent) << o.sent.error().text;
  EXPECT_EQ(daemon.contents.size(), 3U);
}

TEST(sender, a_truncated_file_is_told_with_its_true_size) {
  temp_dir dir;
  peelbox::test::write_file(dir / "large", std::string(300'000, 'L'));
  auto source = source_of(dir);
  source->packet_size = 64 * 1024;
  source->tree = std::make_shared<odd_tree>(*open_disk_tree(dir.path()), 3);
  fake_daemon daemon;
  const outcome o = transfer(daemon, source);
  ASSERT_FALSE(o.sent);
  EXPECT_THAT(o.sent.error().text, HasSubstr("shrank from 300000 to 3 bytes"));
}

// As the reference: a layer made from it has an empty file of that name.
TEST(sender, a_socket_is_an_empty_file) {
  temp_dir dir;
  make_tree(dir.path(), {"a file 1", "z file 22"});
  peelbox::test::make_socket(dir / "sock");
  fake_daemon daemon;
  const outcome o = transfer(daemon, source_of(dir));
  ASSERT_TRUE(o.sent) << o.sent.error().text;
  EXPECT_THAT(daemon.paths(), ElementsAre("a", "sock", "z"));
  EXPECT_EQ(daemon.entries[1].mode & go_mode::type_mask, 0U);
  EXPECT_EQ(daemon.entries[1].size, 0);
  EXPECT_EQ(daemon.contents.at("sock"), "");
  EXPECT_EQ(daemon.contents.at("z"), "22");
}

TEST(sender, a_missing_root_is_reported_to_both) {
  auto source = std::make_shared<context_source>();
  source->root = "/nonexistent/peelbox";
  fake_daemon daemon;
  const outcome o = transfer(daemon, source);
  ASSERT_FALSE(o.sent);
  EXPECT_EQ(o.sent.error().code, errc::not_found);
  EXPECT_THAT(daemon.error.value_or(""), HasSubstr("/nonexistent/peelbox"));
}

TEST(sender, rules_that_the_receiver_breaks) {
  temp_dir dir;
  make_tree(dir.path(), {"a dir", "b file 1"});
  const auto say = [&](byte_chain packet) {
    fake_daemon daemon;
    daemon.request_all = false;
    daemon.say_first.push_back(std::move(packet));
    const outcome o = transfer(daemon, source_of(dir));
    EXPECT_FALSE(o.sent);
    return o.sent ? failure() : o.sent.error();
  };
  EXPECT_EQ(say(request_packet(0)).code, errc::protocol);
  EXPECT_EQ(say(request_packet(77)).code, errc::protocol);
  EXPECT_EQ(say(fin_packet()).code, errc::protocol);
  EXPECT_EQ(say(data_packet(1, byte_slice::of("x"))).code, errc::protocol);
  EXPECT_EQ(say(byte_chain(byte_slice::of(std::string("\x08")))).code, errc::protocol);
  const failure remote = say(error_packet("no space left"));
  EXPECT_EQ(remote.code, errc::remote);
  EXPECT_THAT(remote.text, HasSubstr("no space left"));
  ASSERT_TRUE(remote.status);
  EXPECT_EQ(remote.status->message, "no space left");
}

TEST(sender_core, the_same_file_cannot_be_requested_twice) {
  transfer_stats stats;
  sender_core core(stats);
  core.files().add_file(3, file_table::root, "x", {1, 2, 3});
  packet request;
  request.type = packet_type::request;
  request.id = 3;
  EXPECT_TRUE(core.received(request));
  EXPECT_EQ(core.next_request().path, "x");
  const auto again = core.received(request);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::protocol);
  packet unknown;
  unknown.type = static_cast<packet_type>(9);
  EXPECT_TRUE(core.received(unknown));
}

task<result<void>> far_side_that_breaks(fake_daemon& daemon, packet_pipe& pipe) {
  bool failed = false;
  try {
    result<void> ignored = co_await daemon.run(pipe.second());
    (void)ignored;
  } catch (const boost::system::system_error&) {
    failed = true;
  }
  if (failed) pipe.break_with(failure(errc::connection, "reset in test", origin::transport));
  co_return result<void>();
}

TEST(sender, the_carrier_may_break_at_every_packet) {
  temp_dir dir;
  make_tree(dir.path(), {"a/x file 1", "b file 22", "c/d/e file 333"});
  for (std::size_t at = 1; at < 40; ++at) {
    std::size_t seen = 0;
    fake_daemon daemon;
    bool broke = false;
    daemon.on_packet = [&](fake_daemon&, const packet&) {
      if (++seen == at) {
        broke = true;
        throw boost::system::system_error(asio::error::connection_reset);
      }
    };
    asio::io_context io;
    blocking_pool pool(2);  // joins before the context goes
    packet_pipe pipe(io.get_executor(), 2);
    outcome o;
    run_task(io, task_group::run([&](task_group& group) {
               group.spawn(far_side_that_breaks(daemon, pipe));
               return near_side(source_of(dir), {}, pipe, pool, o);
             }));
    if (!broke) {
      EXPECT_TRUE(o.sent);
      EXPECT_GT(at, 8U);
      break;
    }
    // The very last packet is our FIN; when that one is lost, the sender is done already.
    if (!o.sent) {
      EXPECT_EQ(o.sent.error().code, errc::connection);
    }
  }
}

task<result<void>> cancel_after(int turns, task_group& group) {
  for (int i = 0; i < turns; ++i) co_await asio::post(asio::use_awaitable);
  group.cancel();
  co_return result<void>();
}

TEST(sender, cancellation_unwinds_at_any_time) {
  temp_dir dir;
  for (int i = 0; i < 50; ++i)
    peelbox::test::write_file(dir / ("d" + std::to_string(i) + "/f"), std::string(1000, 'x'));
  for (int turns = 1; turns < 60; turns += 3) {
    asio::io_context io;
    blocking_pool pool(3);  // joins before the context goes
    packet_pipe pipe(io.get_executor(), 2);
    fake_daemon daemon;
    outcome o;
    EXPECT_NO_THROW(run_task(io, task_group::run([&](task_group& group) {
                               group.spawn(far_side(daemon, pipe, o));
                               group.spawn(near_side(source_of(dir), {}, pipe, pool, o));
                               return cancel_after(turns, group);
                             })));
  }
}

}  // namespace
}  // namespace peelbox::filesync
