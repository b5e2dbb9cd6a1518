// One conversation, repeated with a fault at each read and write of either side: everything ends, and tells why.
#include <gtest/gtest.h>

#include "tests/unit/h2grpc/rpc/fixture.hpp"

namespace peelbox::h2grpc::test {
namespace {

struct outcome {
  int handlers_started = 0;
  int handlers_ended = 0;
  std::vector<grpc_status> statuses;
  std::optional<failure> client_ended;
  std::optional<failure> server_ended;
};

task<grpc_status> counted_echo(server_call& call, outcome& seen) {
  struct counter {
    outcome& o;
    explicit counter(outcome& out) : o(out) { ++o.handlers_started; }
    ~counter() { ++o.handlers_ended; }
  } count(seen);
  grpc_status status = co_await echo(call);
  co_return status;
}

task<result<void>> one_call(connection& c, outcome& seen, std::size_t size) {
  client_call call = c.open("/t.S/Echo", {{"key", "value"}});
  for (int i = 0; i < 3; ++i) {
    const auto sent = co_await call.send(chain_of(std::string(size, 'x')));
    if (sent.has_error()) break;
    if (size < 100) co_await call.gather(size, std::chrono::hours(1));
    const auto reply = co_await call.receive();
    if (reply.has_error() || !*reply) break;
    EXPECT_EQ((*reply)->size(), size);
  }
  call.half_close();
  grpc_status status = co_await call.finish();
  seen.statuses.push_back(std::move(status));
  co_return result<void>();
}

task<void> conversation(connection& c, outcome& seen) {
  std::function<task<result<void>>(task_group&)> all = [&](task_group& group) {
    group.spawn(one_call(c, seen, 10));
    group.spawn(one_call(c, seen, 70'000));
    return one_call(c, seen, 3000);
  };
  const auto done = co_await task_group::run(std::move(all));
  EXPECT_TRUE(done.has_value());
}

// Gives how many operations the faulty end had performed.
std::size_t run_with(std::optional<std::size_t> client_fault, std::optional<std::size_t> server_fault, outcome& seen) {
  asio::io_context io;
  memory_end client_end, server_end;
  client_end.capacity = server_end.capacity = 20'000;
  client_end.most_per_read = server_end.most_per_read = 9'000;
  client_end.fail_at = client_fault;
  server_end.fail_at = server_fault;
  pair_of_connections pair(io, client_end, server_end);
  pair.table.add("/t.S/Echo", [&](server_call& call) { return counted_echo(call, seen); });
  run_task(io, pair.run([&](connection& c) { return conversation(c, seen); }));
  seen.client_ended = pair.client_ended;
  seen.server_ended = pair.server_ended;
  EXPECT_TRUE(pair.streams.end_a->closed);
  EXPECT_TRUE(pair.streams.end_b->closed);
  return client_fault ? pair.streams.end_a->operations : pair.streams.end_b->operations;
}

TEST(Faults, TheConversationWithoutOne) {
  outcome seen;
  run_with(std::nullopt, std::nullopt, seen);
  ASSERT_EQ(seen.statuses.size(), 3u);
  for (const auto& s : seen.statuses) EXPECT_TRUE(s.ok()) << s.message;
  EXPECT_EQ(seen.handlers_started, 3);
  EXPECT_EQ(seen.handlers_ended, 3);
}

void at_every_step(bool client_side) {
  for (std::size_t n = 0; n < 10'000; ++n) {
    outcome seen;
    const std::size_t operations =
        client_side ? run_with(n, std::nullopt, seen) : run_with(std::nullopt, n, seen);
    EXPECT_EQ(seen.statuses.size(), 3u) << n;
    EXPECT_EQ(seen.handlers_started, seen.handlers_ended) << n;
    ASSERT_TRUE(seen.client_ended && seen.server_ended) << n;
    bool all_good = true;
    for (const auto& s : seen.statuses) {
      if (s.ok()) continue;
      all_good = false;
      EXPECT_EQ(s.code, static_cast<int>(code::unavailable)) << n << " " << s.message;
      EXPECT_NE(s.message.find("broken"), std::string::npos) << n << " " << s.message;
    }
    if (operations <= n) {  // the fault was not reached any more
      EXPECT_TRUE(all_good);
      EXPECT_GT(n, 10u);
      return;
    }
  }
  FAIL() << "no end";
}

TEST(Faults, AtEveryReadAndWriteOfTheClient) { at_every_step(true); }
TEST(Faults, AtEveryReadAndWriteOfTheServer) { at_every_step(false); }

}  // namespace
}  // namespace peelbox::h2grpc::test
