// Calls between two connections of ours, when all goes well and when one side stops early.
#include <gtest/gtest.h>

#include "tests/unit/h2grpc/rpc/fixture.hpp"

namespace peelbox::h2grpc::test {
namespace {

using namespace std::chrono_literals;

TEST(Call, UnaryEchoWithMetadataBothWays) {
  asio::io_context io;
  pair_of_connections pair(io);
  pair.table.add("/test.Echo/Say", [](server_call& call) -> task<grpc_status> {
    EXPECT_EQ(call.request_metadata().get("x-key"), "v");
    EXPECT_EQ(call.request_metadata().get("raw-bin"), std::string_view("\0\xff", 2));
    call.send_initial_metadata({{"first", "1"}});
    auto m = co_await call.receive();
    EXPECT_EQ((*m)->text(), "hello");
    (void)co_await call.send(chain_of("hello back"));
    call.finish(make_status(code::ok), {{"last", "2"}});
    co_return make_status(code::internal, "ignored, the call has a status");
  });
  run_task(io, pair.run([](connection& c) -> task<void> {
    client_call call = c.open("/test.Echo/Say", {{"x-key", "v"}, {"raw-bin", std::string("\0\xff", 2)}});
    EXPECT_TRUE((co_await call.send(chain_of("hello"))).has_value());
    call.half_close();
    const auto head = co_await call.initial_metadata();
    EXPECT_EQ(head->get("first"), "1");
    const auto reply = co_await call.receive();
    EXPECT_EQ((*reply)->text(), "hello back");
    const auto none = co_await call.receive();
    EXPECT_FALSE(none->has_value());
    const grpc_status status = co_await call.finish();
    EXPECT_TRUE(status.ok()) << status.message;
    EXPECT_EQ(call.trailing_metadata().get("last"), "2");
  }));
  ASSERT_TRUE(pair.client_ended && pair.server_ended);
  EXPECT_EQ(pair.client_ended->code, errc::closed);
  EXPECT_EQ(pair.server_ended->code, errc::closed);
}

TEST(Call, StreamsManyMessagesOfAllSizesBothWays) {
  asio::io_context io;
  memory_end narrow;
  narrow.capacity = 5000;
  narrow.most_per_read = 1777;
  pair_of_connections pair(io, narrow, narrow);
  pair.table.add("/test.Echo/Say", echo);
  constexpr int count = 300;
  const auto text = [](int i) { return std::string(static_cast<std::size_t>(i) * 37 % 5000, static_cast<char>('a' + i % 26)); };
  run_task(io, pair.run([&](connection& c) -> task<void> {
    client_call call = c.open("/test.Echo/Say", {});
    std::function<task<result<void>>(task_group&)> both = [&](task_group& group) {
      group.spawn([](client_call& to, auto make) -> task<result<void>> {
        for (int i = 0; i < count; ++i) {
          auto sent = co_await to.send(chain_of(make(i)));
          if (sent.has_error()) co_return sent;
        }
        to.half_close();
        co_return result<void>();
      }(call, text));
      return [](client_call& from, auto make) -> task<result<void>> {
        for (int i = 0; i < count; ++i) {
          auto got = co_await from.receive();
          if (got.has_error()) co_return got.error();
          EXPECT_TRUE(*got && (*got)->text() == make(i)) << i;
        }
        co_return result<void>();
      }(call, text);
    };
    const auto done = co_await task_group::run(std::move(both));
    EXPECT_TRUE(done.has_value());
    const grpc_status status = co_await call.finish();
    EXPECT_TRUE(status.ok()) << status.message;
  }));
}

TEST(Call, UnknownServiceAndMethodAreUnimplemented) {
  asio::io_context io;
  pair_of_connections pair(io);
  pair.table.add("/test.Echo/Say", echo);
  run_task(io, pair.run([](connection& c) -> task<void> {
    client_call one = c.open("/test.Other/Say", {});
    const grpc_status service = co_await one.finish();
    EXPECT_EQ(service.code, static_cast<int>(code::unimplemented));
    EXPECT_EQ(service.message, "unknown service test.Other");
    client_call two = c.open("/test.Echo/Shout", {});
    const grpc_status method = co_await two.finish();
    EXPECT_EQ(method.message, "unknown method Shout for service test.Echo");
  }));
}

}  // namespace
}  // namespace peelbox::h2grpc::test
