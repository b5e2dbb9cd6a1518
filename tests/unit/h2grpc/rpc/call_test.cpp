// Calls between two connections of ours, when all goes well and when one side stops early.
#include <gtest/gtest.h>

#include "engine/async/sleep.hpp"
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

TEST(Call, CancelReachesTheHandlerWhereverItWaits) {
  asio::io_context io;
  pair_of_connections pair(io);
  bool started = false, unwound = false, receive_failed = false;
  pair.table.add("/t.S/Wait", [&](server_call& call) -> task<grpc_status> {
    struct guard {
      bool& flag;
      ~guard() { flag = true; }
    } g{unwound};
    started = true;
    (void)call;
    event never(co_await asio::this_coro::executor);
    for (;;) co_await never.wait();
  });
  pair.table.add("/t.S/Receive", [&](server_call& call) -> task<grpc_status> {
    auto m = co_await call.receive();
    receive_failed = m.has_error() && m.error().code == errc::cancelled && m.error().who == origin::transport &&
                     call.cancelled();
    co_return make_status(code::ok);
  });
  run_task(io, pair.run([&](connection& c) -> task<void> {
    {
      client_call one = c.open("/t.S/Wait", {});
      client_call two = c.open("/t.S/Receive", {});
      client_call three = c.open("/t.S/Receive", {});
      while (!started) co_await sleep_for(1ms);
      three.cancel();
      const grpc_status status = co_await three.finish();
      EXPECT_EQ(status.code, static_cast<int>(code::cancelled));
      const auto after = co_await three.receive();
      EXPECT_EQ(after.error().code, errc::cancelled);
      const auto sent = co_await three.send(chain_of("x"));
      EXPECT_TRUE(sent.has_error());
      // one and two are dropped here.
    }
  }));
  EXPECT_TRUE(unwound);
  EXPECT_TRUE(receive_failed);
}

TEST(Call, HandlersThatForgetOrThrowAnswerInternal) {
  asio::io_context io;
  pair_of_connections pair(io);
  pair.table.add("/t.S/Throw", [](server_call&) -> task<grpc_status> {
    throw std::runtime_error("secret detail");
    co_return make_status(code::ok);
  });
  run_task(io, pair.run([](connection& c) -> task<void> {
    client_call call = c.open("/t.S/Throw", {});
    const grpc_status status = co_await call.finish();
    EXPECT_EQ(status.code, static_cast<int>(code::internal));
    EXPECT_EQ(status.message.find("secret"), std::string::npos);
  }));
}

TEST(Call, ADroppedServerCallAnswersInternal) {
  asio::io_context io;
  pair_of_connections pair(io);
  std::function<task<result<void>>(task_group&)> all = [&](task_group& group) {
    group.spawn([](connection& c) -> task<result<void>> { (void)co_await c.run(); co_return result<void>(); }(*pair.client));
    group.spawn([](connection& c) -> task<result<void>> { (void)co_await c.run(); co_return result<void>(); }(*pair.server));
    group.spawn([](connection& c) -> task<result<void>> {
      std::optional<server_call> call = co_await c.accept();
      EXPECT_EQ(call->path(), "/t.S/M");
      call.reset();
      std::optional<server_call> none = co_await c.accept();
      EXPECT_FALSE(none);
      co_return result<void>();
    }(*pair.server));
    return [](connection& c) -> task<result<void>> {
      client_call call = c.open("/t.S/M", {});
      const grpc_status status = co_await call.finish();
      EXPECT_EQ(status.code, static_cast<int>(code::internal));
      c.shutdown();
      client_call late = c.open("/t.S/M", {});
      const grpc_status refused = co_await late.finish();
      EXPECT_EQ(refused.code, static_cast<int>(code::unavailable));
      co_return result<void>();
    }(*pair.client);
  };
  EXPECT_TRUE(run_task(io, task_group::run(std::move(all))).has_value());
}

TEST(Call, StatusWithDetailsArrivesWhole) {
  asio::io_context io;
  pair_of_connections pair(io);
  pair.table.add("/t.S/Fail", [](server_call& call) -> task<grpc_status> {
    (void)co_await call.send(chain_of("before"));
    grpc_status status = make_status(code::not_found, "no such job\n100% \xe2\x82\xac");
    status.details.push_back({"github.com/moby/buildkit/errdefs.Vertex+json", std::string(30'000, 'd')});
    co_return status;
  });
  run_task(io, pair.run([](connection& c) -> task<void> {
    client_call call = c.open("/t.S/Fail", {});
    const auto message = co_await call.receive();
    EXPECT_EQ((*message)->text(), "before");
    const auto end = co_await call.receive();
    EXPECT_TRUE(end.has_value() && !*end);
    const grpc_status status = co_await call.finish();
    EXPECT_EQ(status.code, static_cast<int>(code::not_found));
    EXPECT_EQ(status.message, "no such job\n100% \xe2\x82\xac");
    EXPECT_EQ(status.details.at(0).value.size(), 30'000u);
  }));
}

TEST(Call, DeadlinesEndBothSides) {
  asio::io_context io;
  pair_of_connections pair(io);
  bool handler_ended = false;
  pair.table.add("/t.S/Wait", [&](server_call& call) -> task<grpc_status> {
    struct guard {
      bool& flag;
      ~guard() { flag = true; }
    } g{handler_ended};
    (void)co_await call.receive();
    co_return make_status(code::ok);
  });
  run_task(io, pair.run([&](connection& c) -> task<void> {
    call_options limited;
    limited.deadline = 20ms;
    client_call call = c.open("/t.S/Wait", {}, limited);
    const auto message = co_await call.receive();
    EXPECT_TRUE(message.has_error() || !*message);
    const grpc_status status = co_await call.finish();
    EXPECT_EQ(status.code, static_cast<int>(code::deadline_exceeded)) << status.message;
  }));
  EXPECT_TRUE(handler_ended);
}

TEST(Call, SendWaitsAboveTheHighWaterMark) {
  asio::io_context io;
  connection_options small;
  small.call_high_water = 100'000;
  small.stream_window = 65'536;
  pair_of_connections pair(io, {}, {}, small, small);
  event go(io.get_executor());
  bool released = false;
  pair.table.add("/t.S/Slow", [&](server_call& call) -> task<grpc_status> {
    while (!released) co_await go.wait();
    while (true) {
      auto m = co_await call.receive();
      if (m.has_error() || !*m) co_return make_status(code::ok);
    }
  });
  run_task(io, pair.run([&](connection& c) -> task<void> {
    client_call call = c.open("/t.S/Slow", {});
    std::size_t most = 0;
    for (int i = 0; i < 100; ++i) {
      if (i == 20) {
        released = true;
        go.notify();
      }
      if (i < 20 && call.queued() > 60'000) continue;  // would wait for the handler
      auto sent = co_await call.send(chain_of(std::string(50'000, 'x')));
      EXPECT_TRUE(sent.has_value());
      most = std::max(most, call.queued());
      EXPECT_LE(call.queued(), 100'000u);
    }
    EXPECT_GT(most, 0u);
    call.half_close();
    const grpc_status status = co_await call.finish();
    EXPECT_TRUE(status.ok());
  }));
}

TEST(Call, ACallMayAskThatNothingStaysQueued) {
  asio::io_context io;
  connection_options small;
  small.stream_window = 65'536;
  pair_of_connections pair(io, {}, {}, small, small);
  pair.table.add("/t.S/Sink", [](server_call& call) -> task<grpc_status> {
    while (true) {
      auto m = co_await call.receive();
      if (m.has_error() || !*m) co_return make_status(code::ok);
    }
  });
  run_task(io, pair.run([](connection& c) -> task<void> {
    call_options options;
    options.high_water = 0;
    client_call call = c.open("/t.S/Sink", {}, options);
    for (int i = 0; i < 20; ++i) {
      auto sent = co_await call.send(chain_of(std::string(200'000, 'x')));
      EXPECT_TRUE(sent.has_value());
      EXPECT_EQ(call.queued(), 0u);
    }
    call.half_close();
    const grpc_status status = co_await call.finish();
    EXPECT_TRUE(status.ok());
  }));
}

TEST(Call, AMessageLargerThanTheWindowArrives) {
  asio::io_context io;
  connection_options small;
  small.stream_window = 65'536;
  pair_of_connections pair(io, {}, {}, small, small);
  pair.table.add("/t.S/Echo", echo);
  run_task(io, pair.run([](connection& c) -> task<void> {
    client_call call = c.open("/t.S/Echo", {});
    const std::string text(max_message_size, 'm');
    auto sent = co_await call.send(chain_of(text));
    EXPECT_TRUE(sent.has_value());
    call.half_close();
    const auto reply = co_await call.receive();
    EXPECT_TRUE(reply.has_value() && *reply && (*reply)->text() == text);
    const grpc_status status = co_await call.finish();
    EXPECT_TRUE(status.ok()) << status.message;
  }));
}

TEST(Call, ATooLargeMessageExhaustsTheResource) {
  asio::io_context io;
  pair_of_connections pair(io);
  pair.table.add("/t.S/Echo", echo);
  pair.table.add("/t.S/Huge", [](server_call& call) -> task<grpc_status> {
    (void)co_await call.send(chain_of(std::string(max_message_size + 1, 'm')));
    co_return make_status(code::ok);
  });
  run_task(io, pair.run([](connection& c) -> task<void> {
    client_call up = c.open("/t.S/Echo", {});
    (void)co_await up.send(chain_of(std::string(max_message_size + 1, 'm')));
    const grpc_status refused = co_await up.finish();
    EXPECT_EQ(refused.code, static_cast<int>(code::resource_exhausted)) << refused.message;
    client_call down = c.open("/t.S/Huge", {});
    const auto message = co_await down.receive();
    EXPECT_TRUE(message.has_error() && message.error().code == errc::limit);
    const grpc_status status = co_await down.finish();
    EXPECT_EQ(status.code, static_cast<int>(code::resource_exhausted));
  }));
}

TEST(Call, FinishDropsWhatNobodyReceives) {
  asio::io_context io;
  connection_options small;
  small.stream_window = 65'536;
  pair_of_connections pair(io, {}, {}, small, small);
  pair.table.add("/t.S/Pour", [](server_call& call) -> task<grpc_status> {
    for (int i = 0; i < 100; ++i) {
      auto sent = co_await call.send(chain_of(std::string(50'000, 'x')));
      if (sent.has_error()) co_return make_status(code::aborted);
    }
    co_return make_status(code::ok, "poured");
  });
  run_task(io, pair.run([](connection& c) -> task<void> {
    client_call call = c.open("/t.S/Pour", {});
    const grpc_status status = co_await call.finish();
    EXPECT_TRUE(status.ok());
    EXPECT_EQ(status.message, "poured");
  }));
}

TEST(Call, AStreamThatNobodyReadsDoesNotStopOthers) {
  asio::io_context io;
  pair_of_connections pair(io);
  pair.table.add("/t.S/Echo", echo);
  pair.table.add("/t.S/Pour", [](server_call& call) -> task<grpc_status> {
    while (true) {
      auto sent = co_await call.send(chain_of(std::string(50'000, 'x')));
      if (sent.has_error()) co_return make_status(code::aborted);
    }
  });
  run_task(io, pair.run([](connection& c) -> task<void> {
    std::vector<client_call> unread;
    for (int i = 0; i < 8; ++i) unread.push_back(c.open("/t.S/Pour", {}));
    for (int i = 0; i < 50; ++i) {
      client_call call = c.open("/t.S/Echo", {});
      (void)co_await call.send(chain_of(std::string(100'000, 'y')));
      call.half_close();
      const auto reply = co_await call.receive();
      EXPECT_TRUE(reply.has_value() && *reply && (*reply)->size() == 100'000u);
      const grpc_status status = co_await call.finish();
      EXPECT_TRUE(status.ok());
    }
  }));
}

TEST(Call, MessagesGatherUntilThereAreEnoughOrNoMore) {
  asio::io_context io;
  pair_of_connections pair(io);
  constexpr std::size_t wire_size = 5 + 100;
  pair.table.add("/t.S/Tell", [](server_call& call) -> task<grpc_status> {
    for (int i = 0; i < 20; ++i) {
      (void)co_await call.send(chain_of(std::string(100, static_cast<char>('a' + i))));
      co_await sleep_for(1ms);
    }
    co_return make_status(code::ok);
  });
  run_task(io, pair.run([](connection& c) -> task<void> {
    client_call call = c.open("/t.S/Tell", {});
    call.half_close();
    EXPECT_FALSE(call.has_message());
    const auto take_all = [](client_call& from) -> task<std::string> {
      std::string letters;
      while (from.has_message()) {
        const auto got = co_await from.receive();
        letters += (*got)->text().front();
      }
      co_return letters;
    };
    co_await call.gather(12 * wire_size, 1h);
    std::string all = co_await take_all(call);
    EXPECT_EQ(all, "abcdefghijkl");
    co_await call.gather(1 << 20, 1h);  // until the end
    all += co_await take_all(call);
    EXPECT_EQ(all, "abcdefghijklmnopqrst");
    co_await call.gather(1 << 20, 1h);
    const auto none = co_await call.receive();
    EXPECT_FALSE(none->has_value());
    const grpc_status status = co_await call.finish();
    EXPECT_TRUE(status.ok()) << status.message;
  }));
}

TEST(Call, AMessageThatHasNotEndedCountsAsGathered) {
  asio::io_context io;
  pair_of_connections pair(io);
  pair.table.add("/t.S/Tell", [](server_call& call) -> task<grpc_status> {
    (void)co_await call.send(chain_of(std::string(100 << 10, 'x')));
    (void)co_await call.receive();
    co_return make_status(code::ok);
  });
  run_task(io, pair.run([](connection& c) -> task<void> {
    client_call call = c.open("/t.S/Tell", {});
    co_await call.gather(32 << 10, 1h);
    const auto got = co_await call.receive();
    EXPECT_EQ((*got)->size(), 100u << 10);
  }));
}

TEST(Call, GatheringEndsAfterItsTimeAndWhenItIsCancelled) {
  asio::io_context io;
  pair_of_connections pair(io);
  pair.table.add("/t.S/Echo", echo);
  run_task(io, pair.run([](connection& c) -> task<void> {
    client_call call = c.open("/t.S/Echo", {});
    co_await call.gather(1 << 20, 1ms);
    EXPECT_FALSE(call.has_message());
    (void)co_await call.send(chain_of("one"));
    while (!call.has_message()) co_await call.gather(1 << 20, 1ms);
    const auto one = co_await call.receive();
    EXPECT_EQ((*one)->text(), "one");

    std::function<task<result<void>>(task_group&)> cancelled = [&call](task_group& group) {
      group.spawn([](client_call& from) -> task<result<void>> {
        co_await from.gather(1 << 20, 1h);
        co_return result<void>();
      }(call));
      return [](task_group& all) -> task<result<void>> {
        co_await sleep_for(1ms);
        all.cancel();
        co_return result<void>();
      }(group);
    };
    (void)co_await task_group::run(std::move(cancelled));

    // A reader is woken by each message again.
    (void)co_await call.send(chain_of("two"));
    const auto two = co_await call.receive();
    EXPECT_EQ((*two)->text(), "two");
  }));
}

TEST(Call, PayloadIsNotCopiedOnItsWayOut) {
  asio::io_context io;
  memory_end wide;
  wide.capacity = 1 << 20;
  pair_of_connections pair(io, wide, wide);
  std::size_t received = 0;
  pair.table.add("/t.S/Sink", [&](server_call& call) -> task<grpc_status> {
    while (true) {
      auto m = co_await call.receive();
      if (m.has_error() || !*m) co_return make_status(code::ok);
      received += (*m)->size();
    }
  });
  constexpr std::size_t size = 32 << 10, total = 64 << 20;
  const auto before = byte_chain::copied_bytes();
  run_task(io, pair.run([&](connection& c) -> task<void> {
    client_call call = c.open("/t.S/Sink", {});
    const byte_slice payload = byte_slice::of(std::string(size, 'x'));
    for (std::size_t sent = 0; sent < total; sent += size) (void)co_await call.send(byte_chain(payload));
    call.half_close();
    (void)co_await call.finish();
  }));
  EXPECT_EQ(received, total);
  EXPECT_LT(byte_chain::copied_bytes() - before, total / 100);
}

TEST(Call, TypedUnaryNeedsAReply) {
  asio::io_context io;
  pair_of_connections pair(io);
  pair.table.add("/t.S/Nothing", [](server_call&) -> task<grpc_status> { co_return make_status(code::ok); });
  pair.table.add("/t.S/No", [](server_call&) -> task<grpc_status> { co_return make_status(code::unknown, "boom"); });
  struct text_message {
    explicit text_message(std::string t = {}) : text(std::move(t)) {}
    std::string text;
    void SerializeToString(std::string* to) const { *to = text; }
    bool ParseFromArray(const void* data, int n) {
      text.assign(static_cast<const char*>(data), static_cast<std::size_t>(n));
      return text != "bad";
    }
  };
  pair.table.add("/t.S/Echo", echo);
  run_task(io, pair.run([&](connection&) -> task<void> {
    // Arguments first: GCC 12 destroys some temporaries of co_await expressions twice.
    text_message request("good");
    const auto good = co_await unary<text_message>(pair.client, "/t.S/Echo", request);
    EXPECT_EQ(good->text, "good");
    request.text = "bad";
    const auto bad = co_await unary<text_message>(pair.client, "/t.S/Echo", request);
    EXPECT_EQ(bad.error().code, errc::protocol);
    const auto none = co_await unary<text_message>(pair.client, "/t.S/Nothing", request);
    EXPECT_EQ(none.error().code, errc::protocol);
    const auto no = co_await unary<text_message>(pair.client, "/t.S/No", request);
    EXPECT_EQ(no.error().text, "/t.S/No: boom");
    EXPECT_EQ(no.error().status->code, static_cast<int>(code::unknown));
  }));
}

}  // namespace
}  // namespace peelbox::h2grpc::test
