#include "engine/filesync/receiver.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <map>

#include "engine/async/task_group.hpp"
#include "engine/filesync/packet.hpp"
#include "engine/filesync/receiver_core.hpp"
#include "engine/filesync/sender.hpp"
#include "tests/support/packet_pipe.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/tree_script.hpp"
#include "tests/unit/engine/filesync/stat_bytes.hpp"

namespace peelbox::filesync {
namespace {

using peelbox::test::make_tree;
using peelbox::test::packet_pipe;
using peelbox::test::read_file;
using peelbox::test::run_task;
using peelbox::test::temp_dir;
using peelbox::test::write_file;
using test::stat_bytes;
using testing::HasSubstr;

// A tree as lines: path, mode, mtime, contents or link text, inode group; for comparing two trees.
std::vector<std::string> describe(const std::string& root) {
  namespace fs = std::filesystem;
  std::vector<std::string> lines;
  std::map<ino_t, std::string> first_name;
  std::vector<std::string> paths;
  for (const auto& e : fs::recursive_directory_iterator(root)) paths.push_back(e.path().string());
  std::sort(paths.begin(), paths.end());
  for (const auto& path : paths) {
    struct stat st;
    if (::lstat(path.c_str(), &st) != 0) continue;
    std::string line = path.substr(root.size() + 1) + " " + std::to_string(st.st_mode) + " " +
                       std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec);
    if (S_ISREG(st.st_mode)) line += " " + read_file(path);
    if (S_ISLNK(st.st_mode)) line += " -> " + fs::read_symlink(path).string();
    if (!S_ISDIR(st.st_mode)) {
      const auto [it, fresh] = first_name.emplace(st.st_ino, path.substr(root.size()));
      if (!fresh) line += " = " + it->second;
    }
    char value[64];
    const ssize_t size = ::lgetxattr(path.c_str(), "user.test", value, sizeof value);
    if (size > 0) line += " x:" + std::string(value, static_cast<std::size_t>(size));
    lines.push_back(line);
  }
  return lines;
}

struct copied {
  result<transfer_stats> sent = failure();
  result<void> received = failure();
  transfer_stats stats;
};

task<result<void>> send_side(std::string root, packet_pipe& pipe, blocking_pool& pool, copied& out) {
  auto source = std::make_shared<context_source>();
  source->root = std::move(root);
  source->packet_size = 4096;
  transfer_stats live;
  auto sending = send_tree(std::move(source), {}, pipe.first(), pool, live);
  out.sent = co_await std::move(sending);
  pipe.close_first();
  co_return result<void>();
}

task<result<void>> receive_side(std::string root, receive_options options, packet_pipe& pipe,
                                blocking_pool& pool, copied& out) {
  auto receiving = receive_tree(std::move(root), pipe.second(), pool, out.stats, options);
  out.received = co_await std::move(receiving);
  pipe.close_second();
  co_return result<void>();
}

copied copy(const std::string& from, const std::string& to, receive_options options = {},
             std::size_t capacity = 8) {
  asio::io_context io;
  blocking_pool pool(3);
  packet_pipe pipe(io.get_executor(), capacity);
  copied o;
  run_task(io, task_group::run([&](task_group& group) {
             group.spawn(receive_side(to, options, pipe, pool, o));
             return send_side(from, pipe, pool, o);
           }));
  return o;
}

// Packets said by a test, then silence; the receiver's answer is thrown away.
result<void> receive_packets(const std::string& to, std::vector<std::string> packets, transfer_stats& stats) {
  asio::io_context io;
  blocking_pool pool(2);
  packet_pipe pipe(io.get_executor(), 1000);
  const auto say = [](packet_pipe& p, std::vector<std::string> all) -> task<result<void>> {
    for (auto& text : all) {
      byte_chain packet(byte_slice::of(std::move(text)));
      result<void> sent = co_await p.first().send(std::move(packet));
      if (!sent) co_return result<void>();
    }
    // Each request has to be answered in the script, so requests are only read.
    p.close_first();
    co_return result<void>();
  };
  copied o;
  run_task(io, task_group::run([&](task_group& group) {
             group.spawn(receive_side(to, {}, pipe, pool, o));
             return say(pipe, std::move(packets));
           }));
  stats = o.stats;
  return o.received;
}

TEST(receiver, copies_a_tree_exactly) {
  temp_dir from;
  temp_dir to;
  make_tree(from.path(),
            {"a/x file 1", "a/deep/er/y file 22", "a-b/z file 333", "empty file ", "link symlink a/x",
             "broken symlink ../nowhere", "hard link a/x", "zz/hard2 link a/x", "pipe fifo", "d dir"});
  write_file(from / "sp ace\n/b\xFFin", std::string(50'000, 'b'));
  ::chmod((from / "a/x").c_str(), 04751);
  ::chmod((from / "d").c_str(), 01555);
  ::setxattr((from / "a/x").c_str(), "user.test", "value", 5, 0);
  ::setxattr((from / "a").c_str(), "user.test", "dir", 3, 0);
  const timespec old[2]{{1, 5}, {-1000, 999'999'999}};
  ::utimensat(AT_FDCWD, (from / "a/x").c_str(), old, 0);
  ::utimensat(AT_FDCWD, (from / "a/deep").c_str(), old, 0);
  ::utimensat(AT_FDCWD, (from / "link").c_str(), old, AT_SYMLINK_NOFOLLOW);
  for (const std::size_t capacity : {std::size_t{1}, std::size_t{50}}) {
    const copied o = copy(from.path(), to / "out", {}, capacity);  // the second time over what is there
    ASSERT_TRUE(o.sent) << o.sent.error().text;
    ASSERT_TRUE(o.received) << o.received.error().text;
    EXPECT_EQ(describe(to / "out"), describe(from.path()));
    EXPECT_EQ(o.stats.entries(), o.sent->entries());
    EXPECT_EQ(o.stats.bytes_transferred, o.sent->bytes_transferred);
  }
  struct stat st;
  ASSERT_EQ(::stat((to / "out").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0700U);
}

TEST(receiver, many_files_and_a_small_write_behind) {
  temp_dir from;
  temp_dir to;
  for (int i = 0; i < 1500; ++i) {
    write_file(from / ("d" + std::to_string(i % 13) + "/f" + std::to_string(i)),
               std::string(static_cast<std::size_t>(i), 'x'));
  }
  receive_options tight;
  tight.write_behind = 1;
  const copied o = copy(from.path(), to.path(), tight);
  ASSERT_TRUE(o.received) << o.received.error().text;
  EXPECT_EQ(describe(to.path()), describe(from.path()));
}

TEST(receiver, merges_and_replaces_whatever_is_there) {
  temp_dir from;
  temp_dir to;
  temp_dir outside;
  make_tree(from.path(),
            {"file file new", "was_dir file new", "was_link file new", "dir/x file new", "dir2/y file new"});
  make_tree(outside.path(), {"target file untouched", "dir/keep file untouched"});
  make_tree(to.path(),
            {"file file old and longer", "was_dir/deep/x file old", "other file stays", "dir file old"});
  std::filesystem::create_symlink(outside / "target", to / "was_link");
  std::filesystem::create_symlink(outside / "dir", to / "dir2");
  const auto before = describe(outside.path());
  const copied o = copy(from.path(), to.path());
  ASSERT_TRUE(o.received) << o.received.error().text;
  EXPECT_EQ(read_file(to / "file"), "new");
  EXPECT_EQ(read_file(to / "was_dir"), "new");
  EXPECT_EQ(read_file(to / "was_link"), "new");
  EXPECT_EQ(read_file(to / "dir/x"), "new");
  EXPECT_EQ(read_file(to / "dir2/y"), "new");
  EXPECT_EQ(read_file(to / "other"), "stays");
  EXPECT_EQ(describe(outside.path()), before);
  EXPECT_FALSE(std::filesystem::is_symlink(to / "dir2"));
}

TEST(receiver, deletes_others_when_asked_to) {
  temp_dir from;
  temp_dir to;
  make_tree(from.path(), {"a/x file 1", "b file 2"});
  make_tree(to.path(), {"a/old file 1", "c/d file 2", "b file 0"});
  std::filesystem::create_symlink("/etc", to / "l");
  receive_options options;
  options.delete_others = true;
  const copied o = copy(from.path(), to.path(), options);
  ASSERT_TRUE(o.received) << o.received.error().text;
  EXPECT_EQ(describe(to.path()), describe(from.path()));
}

TEST(receiver, refuses_what_breaks_the_rules) {
  transfer_stats stats;
  const auto say = [&](std::vector<std::string> packets) {
    temp_dir to;
    const auto r = receive_packets(to / "out", std::move(packets), stats);
    EXPECT_FALSE(r);
    for (const auto& e : std::filesystem::recursive_directory_iterator(to / "out")) {
      EXPECT_EQ(e.path().string().find(".tmp"), std::string::npos)
          << "a temporary file was left: " << e.path();
    }
    return r ? std::string() : r.error().text;
  };
  const std::string file = stat_bytes({.path = "f", .mode = 0644, .size = 1});
  EXPECT_THAT(say({stat_bytes({.path = "../f", .mode = 0644})}), HasSubstr("'..'"));
  EXPECT_THAT(say({stat_bytes({.path = "/f", .mode = 0644})}), HasSubstr("absolute"));
  EXPECT_THAT(say({stat_bytes({.path = "s", .mode = go_mode::symlink | 0777, .linkname = "/tmp"}),
                   stat_bytes({.path = "s/f", .mode = 0644})}),
              HasSubstr("not announced"));
  EXPECT_THAT(say({file, file}), HasSubstr("order"));
  EXPECT_THAT(say({data_packet(0, byte_slice::of("x")).str()}), HasSubstr("not asked for"));
  EXPECT_THAT(say({stat_bytes({.path = "s", .mode = go_mode::irregular})}), HasSubstr("type"));
  EXPECT_THAT(say({stat_bytes({.path = "s", .mode = go_mode::symlink, .linkname = std::string("a\0b", 3)})}),
              HasSubstr("zero byte"));
  EXPECT_THAT(say({fin_packet().str()}), HasSubstr("before everything"));
  EXPECT_THAT(say({request_packet(0).str()}), HasSubstr("only we"));
  EXPECT_THAT(say({"", file}), HasSubstr("after the end"));
  EXPECT_THAT(say({error_packet("disk on fire").str()}), HasSubstr("disk on fire"));
  EXPECT_THAT(say({"\x08"}), HasSubstr("decoded"));
  EXPECT_THAT(say({file}), HasSubstr("closed"));
}

TEST(receiver_core, a_conversation) {
  transfer_stats stats;
  receiver_core core(stats);
  std::vector<disk_step> steps;
  const auto hear = [&](const byte_slice& message) {
    result<packet> p = decode_packet(message.view());
    return core.received(std::move(*p), message, steps);
  };
  const auto hear_chain = [&](byte_chain chain) { return hear(byte_slice::of(chain.str())); };
  ASSERT_TRUE(hear(byte_slice::of(stat_bytes({.path = "a", .mode = go_mode::directory | 0755}))));
  ASSERT_TRUE(hear(byte_slice::of(stat_bytes({.path = "a/f", .mode = 0644, .size = 3}))));
  ASSERT_TRUE(hear(byte_slice::of(stat_bytes({.path = "a/g", .mode = 0644, .linkname = "a/f"}))));
  EXPECT_EQ(core.next_request(), 1U);
  EXPECT_EQ(core.next_request(), std::nullopt);
  const byte_slice data = byte_slice::of(data_packet(1, byte_slice::of("abc")).str());
  ASSERT_TRUE(hear(data));
  ASSERT_TRUE(hear_chain(end_of_list_packet()));
  EXPECT_FALSE(core.complete());
  ASSERT_TRUE(hear_chain(end_of_file_packet(1)));
  EXPECT_TRUE(core.complete());
  EXPECT_FALSE(hear_chain(end_of_file_packet(1)));
  ASSERT_TRUE(hear_chain(fin_packet()));
  EXPECT_TRUE(core.got_fin());
  ASSERT_EQ(steps.size(), 5U);
  EXPECT_EQ(steps[0].entry.path, "a");
  EXPECT_EQ(steps[1].entry.linkname, "a/f");
  EXPECT_EQ(steps[2].what, disk_step::kind::begin_file);
  EXPECT_EQ(steps[3].data.text(), "abc");
  EXPECT_GE(steps[3].data.data(), data.data());  // refers to the message
  EXPECT_EQ(steps[4].what, disk_step::kind::end_file);
}

// A reference sender that cannot open a file sends its end without its contents (fsutil/send.go).
TEST(receiver_core, a_file_has_the_size_that_was_announced) {
  const auto received = [](std::int64_t announced, const std::vector<std::string>& parts) {
    transfer_stats stats;
    receiver_core core(stats);
    std::vector<disk_step> steps;
    const auto hear = [&](const byte_slice& message) {
      result<packet> p = decode_packet(message.view());
      return core.received(std::move(*p), message, steps);
    };
    EXPECT_TRUE(hear(byte_slice::of(stat_bytes({.path = "d", .mode = go_mode::directory | 0755}))));
    EXPECT_TRUE(hear(byte_slice::of(stat_bytes({.path = "d/f", .mode = 0644, .size = announced}))));
    EXPECT_EQ(core.next_request(), 1U);
    for (const std::string& part : parts) {
      const result<void> taken = hear(byte_slice::of(data_packet(1, byte_slice::of(std::string(part))).str()));
      if (!taken) return taken.error().text;
    }
    const result<void> ended = hear(byte_slice::of(end_of_file_packet(1).str()));
    return ended ? std::string("complete") : ended.error().text;
  };
  EXPECT_EQ(received(5, {"ab", "cde"}), "complete");
  EXPECT_EQ(received(0, {}), "complete");
  EXPECT_THAT(received(5, {"ab"}), HasSubstr("announced 5 bytes of file 'd/f' and sent 2"));
  EXPECT_THAT(received(5, {}), HasSubstr("announced 5 bytes of file 'd/f' and sent 0"));
  EXPECT_THAT(received(5, {"abc", "def"}), HasSubstr("announced 5 bytes of file 'd/f' and sent 6 or more"));
}

TEST(receiver_core, requests_have_a_bound) {
  transfer_stats stats;
  receiver_core core(stats);
  std::vector<disk_step> steps;
  for (int i = 0; i < 2000; ++i) {
    const byte_slice message =
        byte_slice::of(stat_bytes({.path = std::to_string(100'000 + i), .mode = 0644}));
    result<packet> p = decode_packet(message.view());
    ASSERT_TRUE(core.received(std::move(*p), message, steps));
  }
  std::size_t under_way = 0;
  while (core.next_request()) ++under_way;
  EXPECT_EQ(under_way, receiver_core::max_under_way);
}

TEST(receiver, disk_failures_are_told_to_the_sender) {
  temp_dir from;
  temp_dir to;
  make_tree(from.path(), {"a file 1"});
  const copied o = copy(from.path(), to / "no/such/parent");
  ASSERT_FALSE(o.received);
  EXPECT_EQ(o.received.error().code, errc::not_found);
  ASSERT_FALSE(o.sent);
  EXPECT_EQ(o.sent.error().code, errc::remote);
  EXPECT_THAT(o.sent.error().text, HasSubstr("no/such/parent"));
}

}  // namespace
}  // namespace peelbox::filesync
