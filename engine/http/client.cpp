#include "engine/http/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/async/timeout.hpp"

namespace peelbox::http {

namespace {

/// So much of a body is written at a time that a slow link takes it well within the limit.
constexpr std::size_t most_at_once = 256 << 10;

task<result<void>> send(transport::stream& on, byte_chain bytes, std::chrono::milliseconds stall) {
  while (!bytes.empty()) {
    byte_chain part;
    bytes.move_front(std::min(bytes.size(), most_at_once), part);
    auto writing = on.write(std::move(part));
    std::string late = fmt::format("the peer has taken nothing for {} ms", stall.count());
    result<void> sent = co_await with_timeout(std::move(writing), stall, std::move(late));
    if (sent.has_error()) co_return sent;
  }
  co_return result<void>();
}

task<result<void>> send_streamed(transport::stream& on, const body_source& pieces, std::chrono::milliseconds stall) {
  for (;;) {
    result<std::optional<byte_chain>> piece = co_await pieces();
    if (piece.has_error()) co_return piece.error();
    byte_chain chunk;
    if (*piece) {
      if ((*piece)->empty()) continue;  // an empty chunk would end the body (RFC 9112, 7.1)
      chunk.append_copy(fmt::format("{:x}\r\n", (*piece)->size()));
      chunk.append(std::move(**piece));
      chunk.append_copy("\r\n");
    } else {
      chunk.append_copy("0\r\n\r\n");
    }
    const bool last = !*piece;
    result<void> sent = co_await send(on, std::move(chunk), stall);
    if (sent.has_error() || last) co_return sent;
  }
}

task<result<reply>> receive(transport::stream& on, std::size_t body_limit) {
  transport::http_reply parser(body_limit);
  for (;;) {
    result<byte_view> got = co_await on.read();
    if (got.has_error()) co_return got.error();
    result<bool> done = got->empty() ? parser.end() : parser.feed(*got);
    if (done.has_error()) co_return done.error();
    if (*done) break;
  }
  reply r;
  r.status = parser.status();
  r.reason = parser.reason();
  r.content_type = parser.header("content-type");
  r.location = parser.header("location");
  r.body = parser.body();
  if (!r.ok()) r.words = transport::words_of_reply(parser);
  co_return r;
}

}  // namespace

task<result<reply>> exchange(transport::stream_ptr on, request what, limits most) {
  const std::string name = fmt::format("{}: {} {}", on->describe(), what.method, what.target.substr(0, 200));
  transport::http_headers headers = what.headers;
  headers.emplace_back("Connection", "close");
  if (what.streamed) headers.emplace_back("Transfer-Encoding", "chunked");
  else if (what.method != "GET" || !what.body.empty())
    headers.emplace_back("Content-Length", std::to_string(what.body.size()));
  result<std::string> head = transport::http_request_head(what.method, what.target, what.host, headers);
  if (head.has_error()) co_return head.error().in(name);
  byte_chain first(byte_slice::of(*head + (what.streamed ? std::string() : what.body)));
  result<void> sent = co_await send(*on, std::move(first), most.stall);
  if (sent.has_value() && what.streamed) {
    // Named, so that a failure of the source is told from one of the connection.
    std::optional<failure> source_failure;
    const body_source guarded = [&]() -> task<result<std::optional<byte_chain>>> {
      result<std::optional<byte_chain>> piece = co_await what.streamed();
      if (piece.has_error()) source_failure = piece.error();
      co_return piece;
    };
    sent = co_await send_streamed(*on, guarded, most.stall);
    if (source_failure) co_return *source_failure;
  }
  if (sent.has_error() && sent.error().code == errc::timed_out) co_return sent.error().in(name);
  auto work = receive(*on, most.body);
  result<reply> got = co_await with_timeout(std::move(work), most.reply,
                                            fmt::format("no complete answer within {} ms", most.reply.count()));
  if (got.has_error() && sent.has_error()) co_return sent.error().in(name);
  if (got.has_error()) co_return got.error().in(name);
  co_return got;
}

}  // namespace peelbox::http
