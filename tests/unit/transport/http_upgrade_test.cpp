#include "transport/http_upgrade.hpp"

#include <gmock/gmock.h>

#include "engine/async/task_group.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_task.hpp"
#include "transport/hijack_stream.hpp"

namespace peelbox::transport {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::string_view accepted =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

upgrade_request to_grpc() {
  upgrade_request request;
  request.target = "/grpc";
  request.headers = {{"X-Docker-Expose-Session-Uuid", "abc"}};
  return request;
}

TEST(HttpUpgrade, AsksAsTheEngineWantsIt) {
  const http_upgrade machine(to_grpc());
  EXPECT_EQ(machine.request_bytes().value(),
            "POST /grpc HTTP/1.1\r\nHost: localhost\r\nUser-Agent: peelbox\r\nX-Docker-Expose-Session-Uuid: abc\r\n"
            "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n");
}

TEST(HttpUpgrade, ABodyFollowsTheHead) {
  upgrade_request request = to_grpc();
  request.body = "{}";
  const std::string bytes = http_upgrade(request).request_bytes().value();
  EXPECT_THAT(bytes, HasSubstr("Content-Length: 2\r\n"));
  EXPECT_TRUE(bytes.ends_with("\r\n\r\n{}"));
}

TEST(HttpUpgrade, NothingCanEndALineOfTheHead) {
  upgrade_request request = to_grpc();
  request.headers[0].second = "a\r\nX: y";
  EXPECT_EQ(http_upgrade(request).request_bytes().error().code, errc::usage);
  request = to_grpc();
  request.target = "/exec/a b";
  EXPECT_EQ(http_upgrade(request).request_bytes().error().code, errc::usage);
}

TEST(HttpUpgrade, TakesTheReplyInPiecesOfAnySizeAndKeepsWhatFollows) {
  const std::string reply = std::string(accepted) + "tunnel\0data";
  for (std::size_t piece = 1; piece <= reply.size(); ++piece) {
    http_upgrade machine(to_grpc());
    std::string after;
    bool upgraded = false;
    for (std::size_t at = 0; at < reply.size(); at += piece) {
      const std::string_view part = std::string_view(reply).substr(at, piece);
      if (upgraded) {
        after += part;
        continue;
      }
      const auto done = machine.feed(as_bytes(part));
      ASSERT_TRUE(done.has_value()) << done.error().text;
      if ((upgraded = *done)) after = machine.take_leftover();
    }
    EXPECT_TRUE(upgraded);
    EXPECT_EQ(after, reply.substr(accepted.size())) << piece;
  }
}

TEST(HttpUpgrade, SkipsInterimReplies) {
  http_upgrade machine(to_grpc());
  const auto done = machine.feed(as_bytes("HTTP/1.1 100 Continue\r\n\r\n" + std::string(accepted) + "x"));
  ASSERT_TRUE(done.has_value()) << done.error().text;
  EXPECT_TRUE(*done);
  EXPECT_EQ(machine.take_leftover(), "x");
}

failure refusal(std::string_view reply) {
  http_upgrade machine(to_grpc());
  const auto done = machine.feed(as_bytes(reply));
  if (done.has_error()) return done.error();
  EXPECT_FALSE(*done);
  return machine.end();
}

TEST(HttpUpgrade, AnyOtherAnswerIsAFailureInTheDaemonsWords) {
  auto why = refusal("HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n"
                     "{\"message\":\"page not found\"}\n");
  EXPECT_EQ(why.code, errc::unsupported);
  EXPECT_THAT(why.text, HasSubstr("POST /grpc"));
  EXPECT_THAT(why.text, HasSubstr("404"));
  EXPECT_THAT(why.text, HasSubstr(": page not found"));
  why = refusal("HTTP/1.1 500 Internal Server Error\r\nTransfer-Encoding: chunked\r\n\r\n"
                "1e\r\n{\"message\":\"a \\\"b\\\" \\u003cc>\"}\r\n0\r\n\r\n");
  EXPECT_EQ(why.code, errc::connection);
  EXPECT_THAT(why.text, HasSubstr("a \"b\" <c>"));
  why = refusal("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
  EXPECT_THAT(why.text, HasSubstr("Client sent an HTTP request to an HTTPS server."));
  EXPECT_EQ(refusal("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").code, errc::permission);
  EXPECT_THAT(refusal("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").text, HasSubstr("instead of an upgrade to h2c"));
}

TEST(HttpUpgrade, AChunkedRefusalMayComeByteByByte) {
  for (const std::string_view body : {"0\r\n\r\n", "4\r\nbusy\r\n0\r\n\r\n"}) {
    http_upgrade machine(upgrade_request{});
    std::optional<failure> refused;
    const std::string reply =
        "HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(body);
    for (std::size_t i = 0; i < reply.size() && !refused; ++i) {
      const auto fed = machine.feed(as_bytes(std::string_view(reply).substr(i, 1)));
      if (fed.has_error()) refused = fed.error();
      else EXPECT_FALSE(*fed);
      EXPECT_EQ(refused.has_value(), i + 1 == reply.size()) << i;
    }
    ASSERT_TRUE(refused);
    EXPECT_THAT(refused->text, HasSubstr("HTTP status 503"));
    EXPECT_THAT(refused->text, HasSubstr(body.size() > 5 ? "busy" : "Service Unavailable"));
  }
}

TEST(HttpUpgrade, ATooLongRefusalIsStillARefusal) {
  const auto why = refusal("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 1000000\r\n\r\n" + std::string(100'000, 'x'));
  EXPECT_THAT(why.text, HasSubstr("502"));
  EXPECT_LT(why.text.size(), 2000u);
}

TEST(HttpUpgrade, PeersThatDoNotSpeakHttp) {
  EXPECT_EQ(refusal("SSH-2.0-OpenSSH_9.2\r\n").code, errc::protocol);
  EXPECT_EQ(refusal(std::string("\0\0\x12\4\0\0\0\0\0", 9)).code, errc::protocol);
  EXPECT_EQ(refusal("HTTP/1.1 101 X\r\n" + std::string(200'000, 'a')).code, errc::protocol);
  std::string endless;
  for (int i = 0; i < 100; ++i) endless += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(refusal(endless).code, errc::protocol);
}

TEST(HttpUpgrade, AnEarlyEnd) {
  EXPECT_THAT(refusal("").text, HasSubstr("closed before an answer came"));
  EXPECT_THAT(refusal("HTTP/1.1 101 Swi").text, HasSubstr("in the middle of the answer"));
}

task<result<void>> engine(stream& on, std::string reply) {
  const auto request = co_await on.read();
  if (request.has_error()) co_return result<void>();
  EXPECT_TRUE(as_text(*request).starts_with("POST /grpc"));
  byte_chain bytes(byte_slice::of(std::move(reply)));
  (void)co_await on.write(std::move(bytes));
  (void)co_await on.shutdown_write();
  co_return result<void>();
}

task<result<std::string>> hijack_and_read(stream_ptr inner) {
  auto stream = co_await hijack(std::move(inner), to_grpc(), 5s);
  if (stream.has_error()) co_return stream.error();
  std::string all;
  for (;;) {
    const auto got = co_await (*stream)->read();
    if (got.has_error()) co_return got.error();
    if (got->empty()) co_return all;
    all += as_text(*got);
  }
}

result<std::string> converse(test::memory_end ours, std::string reply, std::size_t& operations) {
  asio::io_context io;
  auto pair = test::make_memory_pair(io.get_executor(), std::move(ours));
  result<std::string> got = failure(errc::internal, "not run");
  auto ended = test::run_task(io, task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn(engine(*pair.b, reply));
    got = co_await hijack_and_read(std::move(pair.a));
    co_return result<void>();
  }));
  EXPECT_TRUE(ended.has_value());
  operations = pair.end_a->operations;
  return got;
}

TEST(Hijack, GivesWhatFollowsTheReply) {
  for (const std::size_t most : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    test::memory_end end;
    end.most_per_read = most;
    std::size_t operations = 0;
    const auto got = converse(std::move(end), std::string(accepted) + "first bytes", operations);
    ASSERT_TRUE(got.has_value()) << got.error().text;
    EXPECT_EQ(*got, "first bytes");
  }
}

TEST(Hijack, AFaultAtEveryStepIsAFailureOrTheWholeAnswer) {
  std::size_t steps = 0;
  test::memory_end sips;
  sips.most_per_read = 20;
  ASSERT_TRUE(converse(sips, std::string(accepted) + "first bytes", steps).has_value());
  ASSERT_GT(steps, 4u);
  for (std::size_t at = 0; at < steps; ++at) {
    test::memory_end end = sips;
    end.fail_at = at;
    std::size_t ignored = 0;
    const auto got = converse(std::move(end), std::string(accepted) + "first bytes", ignored);
    ASSERT_TRUE(got.has_error()) << at;
    EXPECT_EQ(got.error().code, errc::connection) << got.error().text;
  }
}

TEST(Hijack, ASilentEngineIsReportedInTime) {
  asio::io_context io;
  auto pair = test::make_memory_pair(io.get_executor());
  const auto got = test::run_task(io, [](stream_ptr inner) -> task<result<stream_ptr>> {
    co_return co_await hijack(std::move(inner), to_grpc(), 20ms);
  }(std::move(pair.a)));
  ASSERT_TRUE(got.has_error());
  EXPECT_EQ(got.error().code, errc::timed_out);
  EXPECT_THAT(got.error().text, HasSubstr("POST /grpc"));
  EXPECT_TRUE(pair.end_a->closed);
}

TEST(UrlEncode, EscapesWhatIsNotPlain) { EXPECT_EQ(url_encode("a/b c:1.0~_-é"), "a%2Fb%20c%3A1.0~_-%C3%A9"); }

}  // namespace
}  // namespace peelbox::transport
