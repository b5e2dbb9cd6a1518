// One connection of ours and a scripted peer that says what a daemon, or something else, may say.
#include "h2grpc/rpc/connection.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "engine/async/sleep.hpp"
#include "engine/async/timeout.hpp"
#include "h2grpc/grpc/framing.hpp"
#include "tests/support/frames.hpp"
#include "tests/unit/h2grpc/rpc/fixture.hpp"

namespace peelbox::h2grpc::test {
namespace {

using namespace std::chrono_literals;
namespace frames = peelbox::test::frames;

std::string message(std::string_view payload) {
  const auto prefix = message_prefix(payload.size());
  return std::string(as_text(byte_view(prefix))) + std::string(payload);
}

// A whole answer in one frame. (GCC 12 cannot have its list of headers inside a coroutine.)
std::string ok_answer(std::uint32_t stream) {
  auto list = frames::response_headers();
  list.emplace_back("grpc-status", "0");
  return frames::headers(stream, list, frames::end_headers | frames::end_stream);
}
std::string ok_trailers(std::uint32_t stream) {
  return frames::headers(stream, {{"grpc-status", "0"}}, frames::end_headers | frames::end_stream);
}
std::string wide_settings() { return frames::settings({{4, 64 << 20}}) + frames::window_update(0, 1 << 30); }

// The far end of a memory stream, speaking in frames.
class script {
 public:
  explicit script(transport::stream_ptr s) : stream_(std::move(s)) {}

  task<void> say(std::string bytes) { (void)co_await stream_->write(chain_of(std::move(bytes))); }
  /// The next frame of this kind; frames of other kinds before it are dropped. std::nullopt at the end.
  task<std::optional<frames::parsed>> hear(frames::type kind) {
    while (true) {
      std::optional<frames::parsed> f = co_await next();
      if (!f || f->kind == kind) co_return f;
    }
  }
  task<std::optional<frames::parsed>> next() {
    while (true) {
      if (!heard_.empty()) {
        frames::parsed f = std::move(heard_.front());
        heard_.pop_front();
        co_return std::optional<frames::parsed>(std::move(f));
      }
      auto bytes = co_await stream_->read();
      if (bytes.has_error() || bytes->empty()) co_return std::nullopt;
      rest_ += as_text(*bytes);
      for (auto& f : frames::take(rest_)) heard_.push_back(std::move(f));
    }
  }
  void hang_up() { stream_->close(); }

 private:
  transport::stream_ptr stream_;
  std::string rest_;
  std::deque<frames::parsed> heard_;
};

struct client_against_script {
  explicit client_against_script(connection_options o = {}) : pair(make_memory_pair(io.get_executor())) {
    client = connection::create(role::client, std::move(pair.a), o, io.get_executor(), log);
    far = std::make_unique<script>(std::move(pair.b));
  }
  // Runs the client beside `talk` and gives why the client ended.
  failure run(std::function<task<void>(script&, connection&)> talk) {
    std::optional<failure> why;
    std::function<task<result<void>>(task_group&)> all = [&](task_group& group) {
      group.spawn(run_client(why));
      return run_talk(talk);
    };
    EXPECT_TRUE(run_task(io, task_group::run(std::move(all))).has_value());
    EXPECT_TRUE(why);
    return why.value_or(failure());
  }

  asio::io_context io;
  logger log;
  memory_pair pair;
  std::shared_ptr<connection> client;
  std::unique_ptr<script> far;

 private:
  task<result<void>> run_client(std::optional<failure>& why) {
    why = co_await client->run();
    co_return result<void>();
  }
  task<result<void>> run_talk(std::function<task<void>(script&, connection&)>& talk) {
    co_await talk(*far, *client);
    far->hang_up();
    co_return result<void>();
  }
};

TEST(Connection, APeerThatSaysNothingIsNamedAfterTheLimit) {
  connection_options o;
  o.handshake_limit = 20ms;
  client_against_script t(o);
  const failure why = t.run([](script& far, connection& c) -> task<void> {
    client_call call = c.open("/s/m", {});
    const grpc_status status = co_await call.finish();
    EXPECT_EQ(status.code, static_cast<int>(code::unavailable));
    EXPECT_NE(status.message.find("did not answer with HTTP/2"), std::string::npos);
    (void)far;
  });
  EXPECT_EQ(why.code, errc::timed_out);
  EXPECT_NE(why.text.find("memory:a did not answer with HTTP/2 within 0 s; is memory:a a BuildKit daemon?"),
            std::string::npos)
      << why.text;
}

struct foreign {
  std::string says, text;
};

TEST(Connection, PeersThatSpeakSomethingElseAreNamed) {
  const foreign table[] = {
      {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "the peer answered HTTP/1.x: not a gRPC endpoint"},
      {"HTTP/1.1", "the peer answered HTTP/1.x: not a gRPC endpoint"},
      {std::string("\x15\x03\x01\x00\x02\x02\x46", 7), "the peer speaks TLS; use tls options"},
      {"220 mail ready\r\n", "did not answer with HTTP/2 but with \"220 mail ready\""},
  };
  for (const auto& row : table) {
    client_against_script t;
    const failure why = t.run([&](script& far, connection& c) -> task<void> {
      client_call call = c.open("/s/m", {});
      co_await far.say(row.says);
      far.hang_up();
      const grpc_status status = co_await call.finish();
      EXPECT_EQ(status.code, static_cast<int>(code::unavailable));
    });
    EXPECT_EQ(why.code, errc::protocol) << row.says;
    EXPECT_NE(why.text.find(row.text), std::string::npos) << why.text;
  }
}

TEST(Connection, GoAwaySaysWhyItEnded) {
  client_against_script t;
  const failure why = t.run([](script& far, connection& c) -> task<void> {
    client_call call = c.open("/s/m", {});
    co_await far.say(frames::settings());
    (void)co_await far.hear(frames::type::headers);
    co_await far.say(frames::goaway(1, 11, "too_many_pings"));
    far.hang_up();
    const grpc_status status = co_await call.finish();
    EXPECT_EQ(status.code, static_cast<int>(code::unavailable));
    EXPECT_NE(status.message.find("GOAWAY ENHANCE_YOUR_CALM: too_many_pings"), std::string::npos) << status.message;
  });
  EXPECT_EQ(why.code, errc::connection);
  EXPECT_NE(why.text.find("too_many_pings"), std::string::npos);
}

TEST(Connection, AnOrderlyGoAwayRefusesLaterCallsAndEnds) {
  client_against_script t;
  const failure why = t.run([](script& far, connection& c) -> task<void> {
    client_call one = c.open("/s/m", {});
    client_call two = c.open("/s/m", {});
    co_await far.say(frames::settings());
    (void)co_await far.hear(frames::type::headers);
    (void)co_await far.hear(frames::type::headers);
    co_await far.say(frames::goaway(1, 0));
    const grpc_status refused = co_await two.finish();
    EXPECT_EQ(refused.code, static_cast<int>(code::unavailable));
    co_await far.say(ok_answer(1));
    one.half_close();
    const grpc_status good = co_await one.finish();
    EXPECT_TRUE(good.ok()) << good.message;
    // Nothing is left: the client hangs up by itself.
    const auto end = co_await far.hear(frames::type::goaway);
    EXPECT_FALSE(end);
  });
  EXPECT_EQ(why.code, errc::closed);
}

TEST(Connection, ABrokenRuleIsAnsweredWithGoAwayAndNamed) {
  client_against_script t;
  const failure why = t.run([](script& far, connection& c) -> task<void> {
    client_call call = c.open("/s/m", {});
    co_await far.say(frames::settings() + frames::data(0, "x"));
    const auto goaway = co_await far.hear(frames::type::goaway);
    EXPECT_TRUE(goaway && goaway->code() == 1);
    const grpc_status status = co_await call.finish();
    EXPECT_EQ(status.code, static_cast<int>(code::unavailable));
  });
  EXPECT_EQ(why.code, errc::protocol);
  EXPECT_NE(why.text.find("PROTOCOL_ERROR"), std::string::npos) << why.text;
}

struct reply {
  std::string name;
  std::string bytes;
  code status;
  std::string text;
  errc receive;  // errc::closed: receive() ends in an orderly way
};

TEST(Connection, EveryOddReplyBecomesAStatus) {
  const auto end = static_cast<std::uint8_t>(frames::end_headers | frames::end_stream);
  const std::string head = frames::headers(1, frames::response_headers());
  const reply table[] = {
      {"trailers only", frames::headers(1, {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "5"}, {"grpc-message", "no%20job"}}, end),
       code::not_found, "no job", errc::closed},
      {"no content-type but a status", frames::headers(1, {{":status", "200"}, {"grpc-status", "5"}}, end), code::not_found, "", errc::closed},
      {"404 page", frames::headers(1, {{":status", "404"}, {"content-type", "text/html"}}) + frames::data(1, "<html>", 1),
       code::unimplemented, "HTTP status 404", errc::protocol},
      {"503 without body", frames::headers(1, {{":status", "503"}}, end), code::unavailable, "HTTP status 503", errc::closed},
      {"not gRPC", frames::headers(1, {{":status", "200"}, {"content-type", "text/html"}}), code::unknown, "text/html", errc::protocol},
      {"data end without trailers", head + frames::data(1, "", 1), code::internal, "without a status", errc::protocol},
      {"trailers without status", head + frames::headers(1, {{"x", "y"}}, end), code::internal, "without a grpc-status", errc::closed},
      {"two heads", head + frames::headers(1, {{"x", "y"}}), code::internal, "", errc::remote},
      {"cut message", head + frames::data(1, message("hello").substr(0, 7)) + frames::headers(1, {{"grpc-status", "0"}}, end),
       code::internal, "middle of a message", errc::closed},
      {"compressed", head + frames::data(1, std::string("\1\0\0\0\0", 5)), code::internal, "compressed", errc::unsupported},
      {"bad flag", head + frames::data(1, std::string("\7\0\0\0\0", 5)), code::internal, "not a gRPC message", errc::protocol},
      {"too large", head + frames::data(1, std::string("\0\1\0\0\1", 5)), code::resource_exhausted, "larger than the limit", errc::limit},
      {"cancelled by the peer", head + frames::rst_stream(1, 8), code::cancelled, "CANCEL", errc::remote},
      {"refused", frames::rst_stream(1, 7), code::unavailable, "no new calls", errc::remote},
      {"calm", frames::rst_stream(1, 11), code::resource_exhausted, "ENHANCE_YOUR_CALM", errc::remote},
      {"internal", head + frames::rst_stream(1, 2), code::internal, "INTERNAL_ERROR", errc::remote},
      {"bad header", frames::headers(1, {{":status", "200"}, {"Upper", "x"}}), code::internal, "broke a rule", errc::remote},
  };
  for (const auto& row : table) {
    client_against_script t;
    (void)t.run([&](script& far, connection& c) -> task<void> {
      client_call call = c.open("/s/m", {});
      co_await far.say(frames::settings());
      (void)co_await far.hear(frames::type::headers);
      co_await far.say(row.bytes);
      const auto received = co_await call.receive();
      const bool as_expected = row.receive == errc::closed ? received.has_value() && !*received
                                                           : received.has_error() && received.error().code == row.receive;
      EXPECT_TRUE(as_expected) << row.name;
      const grpc_status status = co_await call.finish();
      EXPECT_EQ(status.code, static_cast<int>(row.status)) << row.name << ": " << status.message;
      EXPECT_NE(status.message.find(row.text), std::string::npos) << row.name << ": " << status.message;
      // The connection is still good.
      client_call next = c.open("/s/m", {});
      const auto request = co_await far.hear(frames::type::headers);
      EXPECT_TRUE(request) << row.name;
    });
  }
}

TEST(Connection, MessagesBeforeAnErrorAreReceivedFirst) {
  client_against_script t;
  (void)t.run([](script& far, connection& c) -> task<void> {
    client_call call = c.open("/s/m", {});
    co_await far.say(frames::settings());
    (void)co_await far.hear(frames::type::headers);
    co_await far.say(frames::headers(1, frames::response_headers()) + frames::data(1, message("one") + message("two")) +
                     frames::rst_stream(1, 2));
    for (const char* text : {"one", "two"}) {
      const auto m = co_await call.receive();
      EXPECT_TRUE(m.has_value() && *m && (*m)->text() == text);
    }
    const auto end = co_await call.receive();
    EXPECT_TRUE(end.has_error());
  });
}

TEST(Connection, DroppingACallResetsItWithCancel) {
  client_against_script t;
  (void)t.run([](script& far, connection& c) -> task<void> {
    {
      client_call call = c.open("/s/m", {});
      co_await far.say(frames::settings());
      (void)co_await far.hear(frames::type::headers);
    }
    const auto reset = co_await far.hear(frames::type::rst_stream);
    EXPECT_TRUE(reset && reset->code() == 8);
  });
}

TEST(Connection, AFinishedCallThatIsDroppedSaysNothing) {
  client_against_script t;
  (void)t.run([](script& far, connection& c) -> task<void> {
    {
      client_call call = c.open("/s/m", {});
      call.half_close();
      co_await far.say(frames::settings());
      (void)co_await far.hear(frames::type::data);
      co_await far.say(ok_answer(1));
      const grpc_status status = co_await call.finish();
      EXPECT_TRUE(status.ok());
    }
    co_await far.say(frames::ping());
    // The next frame after the acknowledgement of SETTINGS is that of PING: no reset in between.
    const auto pong = co_await far.hear(frames::type::ping);
    EXPECT_TRUE(pong && pong->has(frames::ack));
    c.shutdown();
    const auto reset = co_await far.hear(frames::type::rst_stream);
    EXPECT_FALSE(reset);
  });
}

TEST(Connection, CancellingRunEndsAllCalls) {
  asio::io_context io;
  logger log;
  auto pair = make_memory_pair(io.get_executor());
  auto client = connection::create(role::client, std::move(pair.a), {}, io.get_executor(), log);
  grpc_status status;
  std::function<task<result<void>>(task_group&)> all = [&](task_group& group) {
    return [](task_group& g, std::shared_ptr<connection> c, grpc_status& s) -> task<result<void>> {
      asio::cancellation_signal stop;
      bool ended = false;
      asio::co_spawn(co_await asio::this_coro::executor, c->run(),
                     asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, failure) { ended = e != nullptr; }));
      client_call call = c->open("/s/m", {});
      co_await sleep_for(1ms);
      stop.emit(asio::cancellation_type::terminal);
      s = co_await call.finish();
      while (!ended) co_await sleep_for(1ms);
      client_call late = c->open("/s/m", {});
      const grpc_status dead = co_await late.finish();
      EXPECT_FALSE(dead.ok());
      (void)g;
      co_return result<void>();
    }(group, client, status);
  };
  EXPECT_TRUE(run_task(io, task_group::run(std::move(all))).has_value());
  EXPECT_EQ(status.code, static_cast<int>(code::cancelled));
  ASSERT_TRUE(client->ended());
  EXPECT_EQ(client->ended()->code, errc::cancelled);
  EXPECT_TRUE(pair.end_a->closed);
}

// A stream that takes little, and bulk data that fills it: an acknowledgement and a health reply still come within
// one write budget.
TEST(Connection, PingAndHealthPassBulkData) {
  asio::io_context io;
  logger log;
  connection_options o;
  o.write_budget = 64 << 10;
  o.call_high_water = 8 << 20;
  memory_end narrow;
  narrow.capacity = 16 << 10;
  auto pair = make_memory_pair(io.get_executor(), narrow);
  auto server = connection::create(role::server, std::move(pair.a), o, io.get_executor(), log);
  script far(std::move(pair.b));
  method_table table;
  table.add("/t.S/Pour", [](server_call& call) -> task<grpc_status> {
    while (true) {
      auto sent = co_await call.send(chain_of(std::string(1 << 20, 'x')));
      if (sent.has_error()) co_return make_status(code::aborted);
    }
  });
  table.add("/grpc.health.v1.Health/Check", [](server_call& call) -> task<grpc_status> {
    (void)co_await call.send(chain_of("serving"));
    co_return make_status(code::ok);
  }, true);
  std::function<task<result<void>>(task_group&)> all = [&](task_group& group) {
    group.spawn([](std::shared_ptr<connection> c, const method_table& m) -> task<result<void>> {
      (void)co_await serve(c, m);
      co_return result<void>();
    }(server, table));
    return [](script& f, std::size_t budget, std::size_t capacity) -> task<result<void>> {
      co_await f.say(std::string(frames::client_magic) + wide_settings() + frames::headers(1, frames::request_headers("/t.S/Pour")));
      std::size_t before = 0;
      for (int i = 0; i < 40; ++i) (void)co_await f.hear(frames::type::data);
      co_await f.say(frames::ping() + frames::headers(3, frames::request_headers("/grpc.health.v1.Health/Check"),
                                                      frames::end_headers | frames::end_stream));
      bool pong = false, healthy = false;
      std::size_t ping_after = 0, health_after = 0;
      while (!pong || !healthy) {
        auto next = co_await f.next();
        if (!next) break;
        if (next->kind == frames::type::ping) {
          pong = true;
          ping_after = before;
        }
        if (next->stream == 3 && next->has(frames::end_stream)) {
          healthy = true;
          health_after = before;
        }
        before += next->payload.size();
      }
      EXPECT_TRUE(pong && healthy);
      // What the stream holds, the write under way, and the frame that was begun.
      EXPECT_LE(ping_after, budget + capacity + 2 * 16'384);
      // The handler starts after the request was read, so perhaps one more write has gone.
      EXPECT_LE(health_after, 2 * budget + capacity + 2 * 16'384);
      f.hang_up();
      co_return result<void>();
    }(far, o.write_budget, narrow.capacity);
  };
  EXPECT_TRUE(run_task(io, task_group::run(std::move(all))).has_value());
}

TEST(Connection, AServerRefusesWhatIsNotAGrpcRequest) {
  asio::io_context io;
  logger log;
  auto pair = make_memory_pair(io.get_executor());
  auto server = connection::create(role::server, std::move(pair.a), {}, io.get_executor(), log);
  script far(std::move(pair.b));
  std::function<task<result<void>>(task_group&)> all = [&](task_group& group) {
    group.spawn([](std::shared_ptr<connection> c) -> task<result<void>> {
      (void)co_await c->run();
      co_return result<void>();
    }(server));
    return [](script& f) -> task<result<void>> {
      auto plain = frames::request_headers();
      plain.back().second = "text/plain";
      co_await f.say(std::string(frames::client_magic) + frames::settings() + frames::headers(1, plain));
      const auto head = co_await f.hear(frames::type::headers);
      EXPECT_TRUE(head && head->has(frames::end_stream));
      const auto reset = co_await f.hear(frames::type::rst_stream);
      EXPECT_TRUE(reset && reset->code() == 0);
      f.hang_up();
      co_return result<void>();
    }(far);
  };
  EXPECT_TRUE(run_task(io, task_group::run(std::move(all))).has_value());
}

// A server of ours with one method, and a scripted client. Gives why the server ended.
failure serve_script(method_handler handle, std::function<task<void>(script&)> talk) {
  asio::io_context io;
  logger log;
  method_table table;
  table.add("/s/m", std::move(handle));
  auto pair = make_memory_pair(io.get_executor());
  auto server = connection::create(role::server, std::move(pair.a), {}, io.get_executor(), log);
  script far(std::move(pair.b));
  std::optional<failure> why;
  std::function<task<result<void>>(task_group&)> all = [&](task_group& group) {
    group.spawn([](std::shared_ptr<connection> c, method_table& t, std::optional<failure>& w) -> task<result<void>> {
      w = co_await serve(c, t);
      co_return result<void>();
    }(server, table, why));
    return [](script& f, std::function<task<void>(script&)>& t) -> task<result<void>> {
      co_await t(f);
      f.hang_up();
      co_return result<void>();
    }(far, talk);
  };
  EXPECT_TRUE(run_task(io, task_group::run(std::move(all))).has_value());
  return why.value_or(failure());
}

std::string client_hello(std::uint32_t window = 65'535) {
  return std::string(frames::client_magic) + frames::settings({{4, window}}) + frames::headers(1, frames::request_headers());
}
std::string request_trailers() {
  return frames::headers(1, {{"x-checksum", "1"}}, frames::end_headers | frames::end_stream);
}

TEST(Connection, TrailersOfARequestWhoseHandlerHasEndedAreNoRequest) {
  int handled = 0;
  (void)serve_script(
      [&handled](server_call& call) -> task<grpc_status> {
        ++handled;
        (void)co_await call.send(chain_of("late"));
        co_return make_status(code::ok);
      },
      [](script& f) -> task<void> {
        co_await f.say(client_hello(0));  // the answer's message cannot go out yet, so the stream lives on
        (void)co_await f.hear(frames::type::headers);
        co_await f.say(frames::ping());
        (void)co_await f.hear(frames::type::ping);
        co_await f.say(request_trailers());
        co_await f.say(frames::window_update(1, 1000));
        const auto data = co_await f.next();
        EXPECT_TRUE(data && data->kind == frames::type::data);
        const auto trailers = co_await f.hear(frames::type::headers);
        EXPECT_TRUE(trailers && trailers->has(frames::end_stream));
      });
  EXPECT_EQ(handled, 1);
}

TEST(Connection, AServerCallEndsWithTheCallersResetWhateverItsCode) {
  for (const std::uint32_t code : {0u, 8u}) {
    std::optional<failure> why;
    (void)serve_script(
        [&why](server_call& call) -> task<grpc_status> {
          const auto got = co_await call.receive();
          if (got.has_error()) why = got.error();
          co_return make_status(code::ok);
        },
        [code](script& f) -> task<void> {
          co_await f.say(client_hello());
          co_await f.say(frames::rst_stream(1, code));
          co_await f.say(frames::ping());
          (void)co_await f.hear(frames::type::ping);
        });
    ASSERT_TRUE(why) << code;
    EXPECT_EQ(why->code, errc::cancelled);
    EXPECT_EQ(why->who, origin::transport);
  }
}

TEST(Connection, AHandlerThatHasFinishedItsCallDoesNotReceiveForever) {
  bool ended = false;
  (void)serve_script(
      [&ended](server_call& call) -> task<grpc_status> {
        call.finish(make_status(code::ok));
        const auto got = co_await call.receive();
        ended = got.has_error();
        co_return make_status(code::ok);
      },
      [](script& f) -> task<void> {
        co_await f.say(client_hello());
        (void)co_await f.hear(frames::type::rst_stream);
        co_await f.say(frames::ping());
        (void)co_await f.hear(frames::type::ping);
      });
  EXPECT_TRUE(ended);
}

TEST(Connection, AnOrderlyGoodbyeOfTheSessionsClientIsNoBrokenRule) {
  const failure why = serve_script([](server_call&) -> task<grpc_status> { co_return make_status(code::ok); },
                                   [](script& f) -> task<void> {
                                     co_await f.say(client_hello());
                                     (void)co_await f.hear(frames::type::headers);
                                     co_await f.say(frames::goaway(0x7fffffff, 0, "client transport shutdown"));
                                   });
  EXPECT_EQ(why.code, errc::closed) << why.text;
  EXPECT_NE(why.text.find("client transport shutdown"), std::string::npos) << why.text;
}

TEST(Connection, APeerThatFallsSilentIsAskedAndThenGivenUp) {
  connection_options o;
  o.silence_limit = 200ms;
  client_against_script test(o);
  int asked = 0;
  const failure why = test.run([&asked](script& f, connection& c) -> task<void> {
    client_call call = c.open("/s/m", {});
    co_await f.say(frames::settings());
    while (const auto settings = co_await f.hear(frames::type::settings))
      if (!settings->has(frames::ack)) ++asked;
    const grpc_status status = co_await call.finish();
    EXPECT_EQ(status.code, static_cast<int>(code::unavailable));
  });
  EXPECT_EQ(why.code, errc::timed_out);
  EXPECT_NE(why.text.find("silent"), std::string::npos) << why.text;
  EXPECT_GE(asked, 3);  // the first one began the connection
}

TEST(Connection, APeerThatAnswersMayBeQuietForAsLongAsItLikes) {
  connection_options o;
  o.silence_limit = 200ms;
  client_against_script test(o);
  const failure why = test.run([](script& f, connection& c) -> task<void> {
    client_call call = c.open("/s/m", {});
    co_await f.say(frames::settings());
    for (int answered = 0; answered < 12;) {  // three times the limit
      const auto settings = co_await f.hear(frames::type::settings);
      EXPECT_TRUE(settings);
      if (!settings) co_return;
      if (settings->has(frames::ack)) continue;
      co_await f.say(frames::settings_ack());
      ++answered;
    }
    co_await f.say(ok_answer(1));
    const grpc_status status = co_await call.finish();
    EXPECT_TRUE(status.ok()) << status.message;
  });
  EXPECT_EQ(why.code, errc::closed) << why.text;
}

TEST(Connection, APeerThatNeitherReadsNorSpeaksIsGivenUp) {
  connection_options o;
  o.silence_limit = 200ms;
  client_against_script test(o);
  const failure why = test.run([](script& f, connection& c) -> task<void> {
    client_call call = c.open("/s/m", {});
    co_await f.say(wide_settings());
    for (int i = 0; i < 3; ++i) (void)co_await call.send(chain_of(std::string(1 << 20, 'x')));
    const grpc_status status = co_await call.finish();
    EXPECT_EQ(status.code, static_cast<int>(code::unavailable));
  });
  EXPECT_EQ(why.code, errc::timed_out) << why.text;
}

TEST(Connection, WhatNobodyTakesHoldsTheConnectionsWindow) {
  connection_options o;
  o.connection_window = 65'535;
  o.receive_high_water = 30'000;
  client_against_script test(o);
  (void)test.run([](script& f, connection& c) -> task<void> {
    client_call call = c.open("/s/m", {});
    co_await f.say(frames::settings());
    (void)co_await f.hear(frames::type::headers);
    co_await f.say(frames::headers(1, frames::response_headers()));
    for (int i = 0; i < 3; ++i) co_await f.say(frames::data(1, message(std::string(16'000, 'm'))));
    co_await f.say(frames::ping());
    while (true) {
      const auto heard = co_await f.next();
      EXPECT_TRUE(heard);
      if (!heard) co_return;
      EXPECT_FALSE(heard->kind == frames::type::window_update && heard->stream == 0);
      if (heard->kind == frames::type::ping) break;
    }
    for (int i = 0; i < 3; ++i) (void)co_await call.receive();
    const auto returned = co_await f.hear(frames::type::window_update);
    EXPECT_TRUE(returned && returned->stream == 0);
  });
}

TEST(Connection, MessagesThatDoNotEndHaveOneLimitForAllCalls) {
  connection_options o;
  o.receive_limit = 15 << 20;
  client_against_script test(o);
  (void)test.run([](script& f, connection& c) -> task<void> {
    client_call one = c.open("/s/m", {});
    client_call two = c.open("/s/m", {});
    co_await f.say(frames::settings());
    for (int i = 0; i < 2; ++i) (void)co_await f.hear(frames::type::headers);
    const std::string beginning = message(std::string(10 << 20, 'm')).substr(0, 100);
    for (const std::uint32_t id : {1u, 3u})
      co_await f.say(frames::headers(id, frames::response_headers()) + frames::data(id, beginning));
    const grpc_status status = co_await two.finish();
    EXPECT_EQ(status.code, static_cast<int>(code::resource_exhausted)) << status.message;
    co_await f.say(ok_trailers(1));
    const grpc_status other = co_await one.finish();
    EXPECT_NE(other.message.find("middle of a message"), std::string::npos) << other.message;
  });
}

TEST(Connection, CallsWaitForTheirOwnWhenTooMuchIsQueuedByAll) {
  connection_options o;
  o.send_high_water = 100'000;
  client_against_script test(o);
  (void)test.run([](script& f, connection& c) -> task<void> {
    client_call one = c.open("/s/m", {});
    client_call two = c.open("/s/m", {});
    co_await f.say(frames::settings());
    (void)co_await f.hear(frames::type::headers);
    bool sent = false;
    std::function<task<result<void>>(task_group&)> both = [&](task_group& group) {
      group.spawn([](client_call& call) -> task<result<void>> {
        co_return co_await call.send(chain_of(std::string(300'000, 'x')));
      }(one));
      group.spawn([](client_call& call, bool& done) -> task<result<void>> {
        const auto outcome = co_await call.send(chain_of(std::string(100'000, 'y')));
        done = true;
        co_return outcome;
      }(two, sent));
      return [](script& far, bool& done) -> task<result<void>> {
        co_await far.say(frames::ping());
        (void)co_await far.hear(frames::type::ping);
        EXPECT_FALSE(done);
        co_await far.say(wide_settings());
        while (!done && co_await far.next()) {
        }
        co_return result<void>();
      }(f, sent);
    };
    const auto outcome = co_await task_group::run(std::move(both));
    EXPECT_TRUE(outcome.has_value()) << outcome.error().text;
    EXPECT_TRUE(sent);
  });
}

}  // namespace
}  // namespace peelbox::h2grpc::test
