#include "engine/filesync/sender.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <map>
#include <sys/stat.h>

#include "engine/async/task_group.hpp"
#include "engine/filesync/order_validator.hpp"
#include "engine/filesync/packet.hpp"
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

// The daemon as a test sees it: what it got, and what it does wrong on purpose.
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
      if (auto r = co_await channel.send(std::move(packet)); !r) co_return r.error();
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
          if (auto r = co_await channel.send(std::move(request)); !r) co_return r.error();
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
        if (auto r = co_await channel.send(std::move(fin)); !r) co_return r.error();
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

outcome transfer(fake_daemon& daemon, std::shared_ptr<context_source> source, request_filters filters = {},
                 std::size_t capacity = 8, unsigned threads = 3) {
  blocking_pool pool(threads);
  asio::io_context io;
  outcome o;
  packet_pipe pipe(io.get_executor(), capacity);
  transfer_stats live;
  const auto both = [&]() -> task<void> {
    co_await task_group::run([&](task_group& group) -> task<result<void>> {
      return [](auto& d, auto& p, auto& out, auto src, auto f, auto& pl, auto& st, task_group& g) -> task<result<void>> {
        const auto far_side = [](auto& dd, auto& pp, auto& oo) -> task<result<void>> {
          oo.received = co_await dd.run(pp.second());
          if (oo.received) {
            pp.close_second();
          } else {
            pp.break_with(oo.received.error());
          }
          co_return result<void>();
        };
        g.spawn(far_side(d, p, out));
        out.sent = co_await send_tree(src, f, p.first(), pl, st);
        p.close_first();
        co_return result<void>();
      }(daemon, pipe, o, source, filters, pool, live, group);
    });
  };
  run_task(io, both());
  return o;
}

std::shared_ptr<context_source> source_of(const temp_dir& dir) {
  auto source = std::make_shared<context_source>();
  source->root = dir.path();
  return source;
}

TEST(sender, sends_a_tree_and_its_files) {
  temp_dir dir;
  make_tree(dir.path(), {"b file hello", "a/x file 1", "a/empty file ", "a-/y file 2", "link symlink a/x", "h link b",
                         "pipe fifo", "d dir"});
  fake_daemon daemon;
  const outcome o = transfer(daemon, source_of(dir));
  ASSERT_TRUE(o.sent) << o.sent.error().text;
  ASSERT_TRUE(o.received) << o.received.error().text;
  EXPECT_TRUE(daemon.got_fin);
  EXPECT_THAT(daemon.paths(), ElementsAre("a", "a/empty", "a/x", "a-", "a-/y", "b", "d", "h", "link", "pipe"));
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
  make_tree(dir.path(), {"src/a.c file 1", "src/deep/b.c file 2", "src/deep/b.o file 3", "doc/x file 4", "empty dir"});
  fake_daemon daemon;
  outcome o = transfer(daemon, source_of(dir), {.include = {"src/**/*.c"}, .exclude = {}, .follow_paths = {}});
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
  const outcome o = transfer(daemon, source_of(dir), {.include = {}, .exclude = {}, .follow_paths = {"link/real"}});
  ASSERT_TRUE(o.sent);
  EXPECT_THAT(daemon.paths(), ElementsAre("a", "a/real", "link"));
}

TEST(sender, own_ignore_rules_come_first) {
  temp_dir dir;
  make_tree(dir.path(), {"keep file 1", "secret file 2", "node_modules/x file 3", "sub/out/y file 4", "sub/z file 5",
                         ".dockerignore file secret"});
  peelbox::test::write_file(dir / "sub/.gitignore", "out/\n");
  auto source = source_of(dir);
  source->dockerignore = ".dockerignore";
  source->gitignore = true;
  source->exclude = {"**/node_modules"};
  fake_daemon daemon;
  const outcome o = transfer(daemon, source, {.include = {"secret", "keep", "sub", "node_modules"}, .exclude = {}, .follow_paths = {}});
  ASSERT_TRUE(o.sent) << o.sent.error().text;
  EXPECT_THAT(daemon.paths(), ElementsAre("keep", "sub", "sub/.gitignore", "sub/z"));
}

TEST(sender, unreadable_but_excluded_does_not_matter) {
  if (::geteuid() == 0) {
    // root reads everything; the path is covered with a tree of our own in walker_test.
    GTEST_SKIP() << "needs to run as an ordinary user";
  }
}

// A file that is not what was announced ends the transfer with its name; changes are made when its request is due.
struct change {
  const char* name;
  std::function<void(const std::string&)> apply;
  const char* expected;
};

TEST(sender, changed_files_end_the_transfer) {
  const std::vector<change> changes{
      {"shrank", [](const std::string& p) { ::truncate(p.c_str(), 3); }, "shrank from 10 to 3 bytes"},
      {"grew", [](const std::string& p) { ::truncate(p.c_str(), 30); }, "grew from 10 to 30 bytes"},
      {"vanished", [](const std::string& p) { ::unlink(p.c_str()); }, "vanished"},
      {"became a link", [](const std::string& p) { ::unlink(p.c_str()); EXPECT_EQ(::symlink("/etc/passwd", p.c_str()), 0); }, "vanished"},
      {"became a fifo", [](const std::string& p) { ::unlink(p.c_str()); ::mkfifo(p.c_str(), 0600); }, "not a regular file"},
      {"was touched", [](const std::string& p) { const timespec t[2]{{1, 0}, {1, 0}}; ::utimensat(AT_FDCWD, p.c_str(), t, 0); }, "was written to"},
      {"was replaced", [](const std::string& p) {
         std::filesystem::rename(p, p + "2");
         struct stat st;
         ::stat((p + "2").c_str(), &st);
         peelbox::test::write_file(p, "0123456789");
         const timespec t[2]{st.st_mtim, st.st_mtim};
         ::utimensat(AT_FDCWD, p.c_str(), t, 0);
       }, "was replaced"},
  };
  for (const bool large : {false, true}) {
    for (const auto& c : changes) {
      temp_dir dir;
      peelbox::test::write_file(dir / "a/b", "0123456789");
      if (large && std::string(c.expected).find("10") != std::string::npos) continue;
      if (large) ::truncate((dir / "a/b").c_str(), 300'000);
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
      if (!large || std::string(c.name) != "was replaced") EXPECT_THAT(o.sent.error().text, HasSubstr(c.expected));
      EXPECT_EQ(daemon.error.value_or(""), o.sent.error().text);
      EXPECT_FALSE(daemon.got_fin);
    }
  }
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

TEST(sender, the_same_file_cannot_be_requested_twice) {
  temp_dir dir;
  make_tree(dir.path(), {"b file 1"});
  transfer_stats stats;
  fake_daemon daemon;
  bool twice = false;
  daemon.request_all = true;
  // The pipe's own request is the first; the second is put in front of it by hand.
  daemon.on_packet = [&](fake_daemon&, const packet&) { twice = true; };
  const outcome o = transfer(daemon, source_of(dir));
  EXPECT_TRUE(o.sent);
  EXPECT_TRUE(twice);
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
    blocking_pool pool(2);
    asio::io_context io;
    packet_pipe pipe(io.get_executor(), 2);
    transfer_stats live;
    std::optional<result<transfer_stats>> sent;
    const auto far = [](fake_daemon& d, packet_pipe& p) -> task<result<void>> {
      bool failed = false;
      try {
        co_await d.run(p.second());
      } catch (const boost::system::system_error&) {
        failed = true;
      }
      if (failed) p.break_with(failure(errc::connection, "reset in test", origin::transport));
      co_return result<void>();
    };
    const auto near = [](auto source, packet_pipe& p, blocking_pool& pl, transfer_stats& st,
                         std::optional<result<transfer_stats>>& out) -> task<result<void>> {
      out = co_await send_tree(source, {}, p.first(), pl, st);
      co_return result<void>();
    };
    run_task(io, task_group::run([&](task_group& group) {
               group.spawn(far(daemon, pipe));
               return near(source_of(dir), pipe, pool, live, sent);
             }));
    ASSERT_TRUE(sent);
    if (broke) {
      // The very last packet is our FIN; nothing of it can be lost any more for the sender.
      if (!*sent) EXPECT_EQ(sent->error().code, errc::connection);
    } else {
      EXPECT_TRUE(*sent);
      break;
    }
  }
}

TEST(sender, cancellation_unwinds_at_any_time) {
  temp_dir dir;
  for (int i = 0; i < 50; ++i) peelbox::test::write_file(dir / ("d" + std::to_string(i) + "/f"), std::string(1000, 'x'));
  for (int turns = 0; turns < 60; turns += 3) {
    blocking_pool pool(3);
    asio::io_context io;
    packet_pipe pipe(io.get_executor(), 2);
    transfer_stats live;
    fake_daemon daemon;
    const auto near = [](auto source, packet_pipe& p, blocking_pool& pl, transfer_stats& st) -> task<result<void>> {
      auto sent = co_await send_tree(source, {}, p.first(), pl, st);
      if (!sent) co_return sent.error();
      co_return result<void>();
    };
    const auto canceller = [](int n, task_group& group) -> task<result<void>> {
      for (int i = 0; i < n; ++i) co_await asio::post(asio::use_awaitable);
      group.cancel();
      co_return result<void>();
    };
    const auto far = [](fake_daemon& d, packet_pipe& p) -> task<result<void>> { co_return co_await d.run(p.second()); };
    run_task(io, task_group::run([&](task_group& group) {
               group.spawn(far(daemon, pipe));
               group.spawn(near(source_of(dir), pipe, pool, live));
               return canceller(turns, group);
             }));
  }
}

}  // namespace
}  // namespace peelbox::filesync
