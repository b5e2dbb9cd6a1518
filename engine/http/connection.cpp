#include "engine/http/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/async/task_group.hpp"
#include "engine/async/timeout.hpp"

namespace peelbox::http {

/// What the two directions of one exchange know of each other.
struct connection::progress {
  explicit progress(executor ex) : changed(std::move(ex)) {}

  bool sent = false;       ///< all of the request is on its way
  bool answered = false;   ///< some byte of the reply has come
  bool keeps = false;      ///< the peer keeps the connection
  std::optional<failure> not_sent;
  std::optional<failure> ours;  ///< what the source or the sink failed with
  /// When the reply became due: the end of the request, then, for a streamed body, each piece.
  std::optional<std::chrono::steady_clock::time_point> waiting_since;
  event changed;

  void waits() {
    waiting_since = std::chrono::steady_clock::now();
    changed.notify();
  }
};

namespace {

/// So much of a body is written at a time that a slow link takes it well within the limit.
constexpr std::size_t most_at_once = 256 << 10;

task<result<void>> write(transport::stream& on, byte_chain bytes, std::chrono::milliseconds stall) {
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

byte_chain chunk_of(std::optional<byte_chain> piece) {
  byte_chain chunk;
  if (!piece) {
    chunk.append_copy("0\r\n\r\n");
    return chunk;
  }
  chunk.append_copy(fmt::format("{:x}\r\n", piece->size()));
  chunk.append(std::move(*piece));
  chunk.append_copy("\r\n");
  return chunk;
}

result<std::string> head_of(const request& what) {
  transport::http_headers headers = what.headers;
  if (what.streamed) headers.emplace_back("Transfer-Encoding", "chunked");
  else if (!what.body.empty() || (what.method != "GET" && what.method != "HEAD"))
    headers.emplace_back("Content-Length", std::to_string(what.body.size()));
  return transport::http_request_head(what.method, what.target, what.host, headers);
}

/// Our own wish to end the connection after this exchange.
bool asks_to_close(const request& what) {
  return std::any_of(what.headers.begin(), what.headers.end(),
                     [](const auto& one) { return one.first == "Connection" && one.second == "close"; });
}

}  // namespace

task<result<void>> connection::send(const request& what, std::string head, limits most, progress& state) {
  byte_chain first(byte_slice::of(what.streamed ? std::move(head) : head + what.body));
  result<void> sent = co_await write(*on_, std::move(first), most.stall);
  while (sent.has_value() && what.streamed) {
    result<std::optional<byte_chain>> piece = co_await what.streamed();
    if (piece.has_error()) {
      state.ours = piece.error();
      co_return piece.error();
    }
    if (*piece && (*piece)->empty()) continue;  // an empty chunk would end the body (RFC 9112, 7.1)
    const bool last = !*piece;
    byte_chain chunk = chunk_of(std::move(*piece));
    sent = co_await write(*on_, std::move(chunk), most.stall);
    if (last) break;
  }
  // A peer that refuses may close before it has read everything; its answer is what counts, and it gets its time.
  if (sent.has_error()) state.not_sent = sent.error();
  if (sent.has_error() && sent.error().code == errc::timed_out) co_return sent.error();
  state.sent = sent.has_value();
  state.waits();
  co_return result<void>();
}

namespace {

/// The reply is late when nothing was due to it for `limit`.
template <class Progress>
task<result<void>> watch(Progress& state, std::chrono::milliseconds limit) {
  for (;;) {
    if (!state.waiting_since) {
      if (co_await state.changed.wait() == wake::cancelled) co_return result<void>();
      continue;
    }
    const auto left = *state.waiting_since + limit - std::chrono::steady_clock::now();
    if (left <= left.zero())
      co_return failure(errc::timed_out, fmt::format("no complete answer within {} ms", limit.count()));
    if (co_await state.changed.wait_for(left) == wake::cancelled) co_return result<void>();
  }
}

}  // namespace

task<result<reply>> connection::receive(const request& what, limits most, progress& state) {
  const bool streams = static_cast<bool>(what.sink);
  // A streamed body is bounded by its sink; the gathered body of a refusal is checked here.
  transport::http_reply parser(streams ? std::numeric_limits<std::size_t>::max() : most.body, what.method == "HEAD");
  for (bool done = false; !done;) {
    result<byte_view> got = co_await on_->read();
    if (got.has_error()) co_return got.error();
    if (!got->empty()) state.answered = true;
    result<bool> fed = got->empty() ? parser.end() : parser.feed(*got);
    if (fed.has_error()) co_return fed.error();
    done = *fed;
    if (!streams || !parser.has_head()) continue;
    if (parser.status() / 100 == 2) {
      const std::string piece = parser.take_body();
      state.waiting_since.reset();  // the sink may take its time
      if (!piece.empty()) {
        result<void> taken = co_await what.sink(as_bytes(piece));
        if (taken.has_error()) {
          state.ours = taken.error();
          co_return taken.error();
        }
      }
      if (state.sent) state.waits();
    } else if (parser.body().size() > most.body) {
      co_return failure(errc::limit, fmt::format("the reply is larger than {} bytes", most.body), origin::peer);
    }
  }
  reply r;
  r.status = parser.status();
  r.reason = parser.reason();
  r.headers = parser.headers();
  r.body = parser.body();
  if (!r.ok()) r.words = transport::words_of_reply(parser);
  // What follows a reply that nobody has asked for yet is no reply.
  state.keeps = parser.keeps_connection() && parser.take_leftover().empty();
  co_return r;
}

task<result<reply>> connection::exchange(request what, limits most) {
  reusable_ = false;
  unanswered_ = false;
  const std::string name = fmt::format("{}: {} {}", on_->describe(), what.method, what.target.substr(0, 200));
  result<std::string> head = head_of(what);
  if (head.has_error()) co_return head.error().in(name);
  progress state(co_await asio::this_coro::executor);
  result<reply> got = failure(errc::internal, "the exchange did not run");
  result<void> ran = co_await task_group::run([&](task_group& both) -> task<result<void>> {
    both.spawn(send(what, std::move(*head), most, state));
    both.spawn(watch(state, most.reply));
    got = co_await receive(what, most, state);
    both.cancel();
    co_return result<void>();
  });
  if (state.ours) co_return *state.ours;
  unanswered_ = !state.answered;
  if (ran.has_error()) co_return ran.error().in(name);
  if (got.has_error() && got.error().code == errc::connection && state.not_sent) co_return state.not_sent->in(name);
  if (got.has_error()) co_return got.error().in(name);
  reusable_ = state.sent && state.keeps && !asks_to_close(what);
  co_return got;
}

task<result<reply>> exchange(transport::stream_ptr on, request what, limits most) {
  connection only(std::move(on));
  what.headers.emplace_back("Connection", "close");
  auto work = only.exchange(std::move(what), most);
  co_return co_await std::move(work);
}

}  // namespace peelbox::http
