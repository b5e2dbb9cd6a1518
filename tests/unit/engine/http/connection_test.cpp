#include "engine/http/connection.hpp"

#include <gmock/gmock.h>

#include "engine/async/task_group.hpp"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox::http {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

/// Reads until `until` was seen, answers, and keeps reading until the end.
task<result<void>> serve(transport::stream& on, std::string until, std::string answer, std::string& seen) {
  bool answered = false;
  for (;;) {
    const auto got = co_await on.read();
    if (got.has_error() || got->empty()) break;
    seen += as_text(*got);
    if (answered || seen.find(until) == std::string::npos) continue;
    answered = true;
    byte_chain bytes(byte_slice::of(answer));
    (void)co_await on.write(std::move(bytes));
    (void)co_await on.shutdown_write();
  }
  co_return result<void>();
}

struct conversation {
  result<reply> got = failure(errc::internal, "not run");
  std::string seen;
  std::size_t operations = 0;
};

conversation run(request what, std::string until, std::string answer, test::memory_end ours = {}, limits most = {}) {
  asio::io_context io;
  auto pair = test::make_memory_pair(io.get_executor(), std::move(ours));
  conversation c;
  const auto ended = test::run_task(io, task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn(serve(*pair.b, until, answer, c.seen));
    c.got = co_await exchange(std::move(pair.a), what, most);
    co_return result<void>();
  }));
  EXPECT_TRUE(ended.has_value());
  c.operations = pair.end_a->operations;
  return c;
}

constexpr const char* empty_json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

body_source pieces(std::vector<std::string> all) {
  auto left = std::make_shared<std::vector<std::string>>(std::move(all));
  return [left]() -> task<result<std::optional<byte_chain>>> {
    if (left->empty()) co_return std::optional<byte_chain>();
    byte_chain bytes(byte_slice::of(left->front()));
    left->erase(left->begin());
    co_return std::optional<byte_chain>(std::move(bytes));
  };
}

TEST(HttpConnection, GetsAReply) {
  request what;
  what.target = "/version";
  const auto c = run(what, "\r\n\r\n", empty_json);
  ASSERT_TRUE(c.got.has_value()) << c.got.error().text;
  EXPECT_EQ(c.got->status, 200);
  EXPECT_EQ(c.got->body, "{}");
  EXPECT_EQ(c.got->header("Content-Type"), "application/json");
  EXPECT_EQ(c.got->header("content-length"), "2");
  EXPECT_EQ(c.seen, "GET /version HTTP/1.1\r\nHost: localhost\r\nUser-Agent: peelbox\r\nConnection: close\r\n\r\n");
}

TEST(HttpConnection, StreamsABodyInChunks) {
  request what;
  what.method = "POST";
  what.streamed = pieces({"hello", "", std::string(20, 'x')});
  const auto c = run(what, "0\r\n\r\n", empty_json);
  ASSERT_TRUE(c.got.has_value()) << c.got.error().text;
  EXPECT_THAT(c.seen, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(c.seen.ends_with("\r\n\r\n5\r\nhello\r\n14\r\n" + std::string(20, 'x') + "\r\n0\r\n\r\n"));
}

TEST(HttpConnection, AFailingBodyIsItsOwnFailureAndNeverLooksComplete) {
  request what;
  what.method = "POST";
  what.streamed = []() -> task<result<std::optional<byte_chain>>> { co_return failure(errc::io, "disk"); };
  const auto c = run(what, "0\r\n\r\n", empty_json);
  ASSERT_TRUE(c.got.has_error());
  EXPECT_EQ(c.got.error().text, "disk");
  EXPECT_EQ(c.seen.find("0\r\n\r\n"), std::string::npos);
}

TEST(HttpConnection, ARefusalCarriesThePeersWords) {
  const auto c = run({}, "\r\n\r\n", "HTTP/1.1 404 Not Found\r\n\r\n{\"message\":\"No such image: x\"}");
  ASSERT_TRUE(c.got.has_value());
  EXPECT_FALSE(c.got->ok());
  EXPECT_EQ(c.got->words, "No such image: x");
}

TEST(HttpConnection, BoundsSizeAndTime) {
  limits small;
  small.body = 10;
  EXPECT_EQ(run({}, "\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n12345678901", {}, small).got.error().code,
            errc::limit);
  limits soon;
  soon.reply = 20ms;
  EXPECT_EQ(run({}, "never", "", {}, soon).got.error().code, errc::timed_out);
}

TEST(HttpConnection, ARefusalThatComesEarlyEndsTheSending) {
  request what;
  what.method = "POST";
  auto sent = std::make_shared<int>(0);
  // Never ends by itself.
  what.streamed = [sent]() -> task<result<std::optional<byte_chain>>> {
    ++*sent;
    co_return std::optional<byte_chain>(byte_chain(byte_slice::of(std::string(70'000, 'x'))));
  };
  test::memory_end slow;
  slow.pauses = true;
  const auto c = run(what, "xxxx", "HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nstop", slow);
  ASSERT_TRUE(c.got.has_value()) << c.got.error().text;
  EXPECT_EQ(c.got->status, 413);
  EXPECT_EQ(c.got->words, "stop");
  EXPECT_LT(*sent, 100);
}

TEST(HttpConnection, AStreamedReplyGoesToItsSink) {
  std::string taken;
  request what;
  what.sink = [&taken](byte_view piece) -> task<result<void>> {
    taken += as_text(piece);
    co_return result<void>();
  };
  test::memory_end ours;
  ours.most_per_read = 7;
  limits small;
  small.body = 3;
  const auto c = run(what, "\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", ours, small);
  ASSERT_TRUE(c.got.has_value()) << c.got.error().text;
  EXPECT_EQ(taken, "hello world");
  EXPECT_EQ(c.got->body, "");
}

TEST(HttpConnection, ARefusalIsGatheredAndBoundedAlsoWithASink) {
  request what;
  what.sink = [](byte_view) -> task<result<void>> { co_return failure(errc::internal, "not for refusals"); };
  const auto c = run(what, "\r\n\r\n", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone");
  ASSERT_TRUE(c.got.has_value()) << c.got.error().text;
  EXPECT_EQ(c.got->words, "gone");
  limits small;
  small.body = 3;
  EXPECT_EQ(run(what, "\r\n\r\n", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", {}, small).got.error().code,
            errc::limit);
}

TEST(HttpConnection, AFailingSinkIsItsOwnFailure) {
  request what;
  what.sink = [](byte_view) -> task<result<void>> { co_return failure(errc::io, "disk"); };
  const auto c = run(what, "\r\n\r\n", empty_json);
  ASSERT_TRUE(c.got.has_error());
  EXPECT_EQ(c.got.error().text, "disk");
}

TEST(HttpConnection, AHeadRequestHasNoBody) {
  request what;
  what.method = "HEAD";
  const auto c = run(what, "\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
  ASSERT_TRUE(c.got.has_value()) << c.got.error().text;
  EXPECT_EQ(c.got->header("Content-Length"), "1234");
  EXPECT_EQ(c.got->body, "");
}

TEST(HttpConnection, AFaultAtEveryStepIsAConnectionFailure) {
  request what;
  what.method = "POST";
  what.streamed = pieces({"one", "two", "three"});
  const auto whole = run(what, "0\r\n\r\n", empty_json);
  ASSERT_TRUE(whole.got.has_value());
  ASSERT_GT(whole.operations, 4u);
  for (std::size_t at = 0; at < whole.operations; ++at) {
    what.streamed = pieces({"one", "two", "three"});
    test::memory_end end;
    end.fail_at = at;
    const auto c = run(what, "0\r\n\r\n", empty_json, end);
    ASSERT_TRUE(c.got.has_error()) << at;
    EXPECT_EQ(c.got.error().code, errc::connection) << c.got.error().text;
  }
}

}  // namespace
}  // namespace peelbox::http
