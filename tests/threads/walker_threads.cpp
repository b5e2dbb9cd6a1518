// The walker and the file reader with eight threads, while the tree changes; for ThreadSanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "engine/async/task_group.hpp"
#include "engine/filesync/receiver.hpp"
#include "engine/filesync/sender.hpp"
#include "tests/support/packet_pipe.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/tree_script.hpp"

namespace peelbox::filesync {
namespace {

task<result<void>> send_side(std::shared_ptr<context_source> source, test::packet_pipe& pipe,
                             blocking_pool& pool, transfer_stats& stats) {
  request_filters filters;
  filters.exclude = {"**/*.tmp", "d1*/skip"};
  auto sending = send_tree(std::move(source), std::move(filters), pipe.first(), pool, stats);
  result<transfer_stats> sent = co_await std::move(sending);
  if (!sent) co_return sent.error();
  co_return result<void>();
}

task<result<void>> cancel_after(int turns, task_group& group) {
  for (int i = 0; i < turns; ++i) co_await asio::post(asio::use_awaitable);
  group.cancel();
  co_return result<void>();
}

class threads : public testing::Test {
 protected:
  threads() {
    for (int i = 0; i < 1200; ++i) {
      test::write_file(
          from_ / ("d" + std::to_string(i % 40) + "/e" + std::to_string(i % 3) + "/f" + std::to_string(i)),
          std::string(static_cast<std::size_t>(i % 50 * 10), 'x'));
    }
    for (int i = 0; i < 1000; ++i) test::write_file(from_ / ("flat/" + std::to_string(i)), "");
    test::write_file(from_ / "large", std::string(3'000'000, 'L'));
    source_ = std::make_shared<context_source>();
    source_->root = from_.path();
    source_->gitignore = true;
    source_->packet_size = 100'000;
  }
  test::temp_dir from_;
  test::temp_dir to_;
  std::shared_ptr<context_source> source_;
};

TEST_F(threads, transfers) {
  for (const std::size_t ahead : {std::size_t{1}, std::size_t{10'000}}) {
    source_->walk_ahead = ahead;
    asio::io_context io;
    blocking_pool pool(8);
    test::packet_pipe pipe(io.get_executor(), 64);
    transfer_stats sent;
    transfer_stats received;
    const result<void> done =
        test::run_task(io, task_group::run([&](task_group& group) {
                         group.spawn(receive_tree(to_ / "out", pipe.second(), pool, received));
                         return send_side(source_, pipe, pool, sent);
                       }),
                       std::chrono::seconds(100));
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_EQ(received.bytes_transferred, sent.bytes_transferred);
    EXPECT_EQ(received.entries(), sent.entries());
  }
}

TEST_F(threads, cancelled_transfers) {
  for (int turns = 1; turns < 400; turns = turns * 2 + 1) {
    asio::io_context io;
    blocking_pool pool(8);
    test::packet_pipe pipe(io.get_executor(), 64);
    transfer_stats sent;
    transfer_stats received;
    test::run_task(io, task_group::run([&](task_group& group) {
                     group.spawn(receive_tree(to_ / "out", pipe.second(), pool, received));
                     group.spawn(send_side(source_, pipe, pool, sent));
                     return cancel_after(turns, group);
                   }),
                   std::chrono::seconds(100));
  }
}

TEST_F(threads, a_tree_that_changes) {
  std::atomic<bool> stop{false};
  std::thread churn([&] {
    for (int i = 0; !stop; i = (i + 1) % 40) {
      std::error_code ignored;
      const std::string dir = from_ / ("d" + std::to_string(i));
      std::filesystem::rename(dir, from_ / "gone", ignored);
      std::filesystem::rename(from_ / "gone", dir, ignored);
    }
  });
  for (int round = 0; round < 5; ++round) {
    asio::io_context io;
    blocking_pool pool(8);
    test::packet_pipe pipe(io.get_executor(), 64);
    transfer_stats sent;
    transfer_stats received;
    // Either everything was seen, or the failure names a file that vanished. Never a hang, and never half a tree without
    // an error.
    const result<void> done =
        test::run_task(io, task_group::run([&](task_group& group) {
                         group.spawn(receive_tree(to_ / "out", pipe.second(), pool, received));
                         return send_side(source_, pipe, pool, sent);
                       }),
                       std::chrono::seconds(100));
    if (!done) {
      EXPECT_TRUE(done.error().code == errc::context || done.error().code == errc::remote)
          << done.error().text;
    }
  }
  stop = true;
  churn.join();
}

}  // namespace
}  // namespace peelbox::filesync
