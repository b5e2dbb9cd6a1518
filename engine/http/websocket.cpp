#include "engine/http/websocket.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <utility>

#include "engine/async/timeout.hpp"
#include "engine/http/beast_stream.hpp"

namespace peelbox::http {
namespace {

namespace beast = boost::beast;
namespace ws = boost::beast::websocket;
using beast::error_code;

constexpr auto awaitable_tuple = asio::as_tuple(asio::use_awaitable);
/// What is masked and written at a time.
constexpr std::size_t write_buffer = 64 << 10;
constexpr std::size_t most_of_a_reason = 200;

/// Checks for cancellation before the result of an operation, which may have succeeded before it was cancelled.
void unwind_if(const asio::cancellation_state& state) {
  if (state.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
}

failure refused(const std::string& name, const std::string& target, const ws::response_type& reply) {
  const int status = static_cast<int>(reply.result_int());
  errc code = errc::connection;
  if (status == 401 || status == 403) code = errc::permission;
  if (status == 404) code = errc::not_found;
  const std::string reason(reply.reason());
  return failure(code,
                 fmt::format("{}: GET {} was answered with HTTP status {} instead of an upgrade to WebSocket: {}", name,
                             target.substr(0, most_of_a_reason), status, transport::words_of_reply(reply.body(), reason)),
                 origin::peer);
}

}  // namespace

struct websocket::state {
  state(const executor& ex, std::shared_ptr<beast_wire> on, websocket_limits limits)
      : wire(std::move(on)), socket(ex, wire), most(limits), name(wire->on->describe()) {}

  task<result<void>> handshake(websocket_request what, websocket_refusal* refusal);
  task<result<void>> say_goodbye();
  /// What an operation of Beast that failed means.
  failure explained(const error_code& error) const;
  failure closed_by_us() const { return failure(errc::cancelled, name + ": the connection was closed on our side"); }
  failure closed_by_peer() const;
  failure no_goodbye() const;

  std::shared_ptr<beast_wire> wire;
  ws::stream<beast_stream, false> socket;
  websocket_limits most;
  std::string name;
  std::string protocol;
  beast::flat_buffer message;
  bool ended = false;    // the peer has closed the connection
  bool closing = false;  // we have
};

failure websocket::state::closed_by_peer() const {
  const ws::close_reason& why = socket.reason();
  return failure(errc::closed,
                 fmt::format("{}: the peer closed the WebSocket with code {}: {}", name, static_cast<unsigned>(why.code),
                             std::string_view(why.reason.data(), std::min(why.reason.size(), most_of_a_reason))),
                 origin::peer);
}

failure websocket::state::no_goodbye() const {
  return failure(errc::timed_out, fmt::format("{}: the peer did not close the WebSocket within {} ms", name, most.close.count()));
}

failure websocket::state::explained(const error_code& error) const {
  if (closing) return closed_by_us();
  if (error == beast::error::timeout)
    return failure(errc::timed_out,
                   fmt::format("{}: nothing has come for {} ms, not even the answer to a ping", name, most.silence.count()),
                   origin::peer);
  if (wire->why) return *wire->why;
  if (error == asio::error::operation_aborted) return closed_by_us();
  if (error == ws::error::message_too_big || error == ws::error::buffer_overflow)
    return failure(errc::limit, fmt::format("{}: a WebSocket message is larger than {} bytes", name, most.message),
                   origin::peer);
  if (error == ws::error::closed) return closed_by_peer();
  if (error == asio::error::eof || error == beast::http::error::end_of_stream ||
      error == beast::http::error::partial_message)
    return failure(errc::connection, name + ": the peer ended the connection without closing the WebSocket", origin::peer);
  return failure(errc::protocol, fmt::format("{}: WebSocket: {}", name, error.message()), origin::peer);
}

task<result<void>> websocket::state::handshake(websocket_request what, websocket_refusal* refusal) {
  const std::string offered = fmt::format("{}", fmt::join(what.protocols, ", "));
  if (!offered.empty()) what.headers.emplace_back("Sec-WebSocket-Protocol", offered);
  // Beast does not look for characters that end a line.
  result<std::string> head = transport::http_request_head("GET", what.target, what.host, what.headers);
  if (head.has_error()) co_return head.error();
  socket.set_option(ws::stream_base::decorator([headers = what.headers](ws::request_type& request) {
    request.set(beast::http::field::user_agent, "peelbox");
    for (const auto& [key, value] : headers) request.insert(key, value);
  }));
  ws::response_type reply;
  const auto [error] = co_await socket.async_handshake(reply, what.host, what.target, awaitable_tuple);
  unwind_if(co_await asio::this_coro::cancellation_state);
  if (error == ws::error::upgrade_declined && refusal != nullptr)
    *refusal = {static_cast<int>(reply.result_int()), reply.body()};
  if (error == ws::error::upgrade_declined) co_return refused(name, what.target, reply);
  if (error) co_return explained(error);
  protocol = std::string(reply[beast::http::field::sec_websocket_protocol]);
  if (!protocol.empty() && std::find(what.protocols.begin(), what.protocols.end(), protocol) == what.protocols.end())
    co_return failure(errc::protocol,
                      fmt::format("{}: the peer chose the WebSocket protocol \"{}\", which was not offered", name,
                                  protocol.substr(0, most_of_a_reason)),
                      origin::peer);
  // The other limits are ours.
  const ws::stream_base::timeout silence{ws::stream_base::none(), most.silence, true};
  if (most.silence.count() > 0) socket.set_option(silence);
  co_return result<void>();
}

task<result<void>> websocket::state::say_goodbye() {
  const ws::close_reason reason(ws::close_code::normal);
  const auto [error] = co_await socket.async_close(reason, awaitable_tuple);
  unwind_if(co_await asio::this_coro::cancellation_state);
  if (wire->why) co_return *wire->why;
  if (error == beast::error::timeout) co_return no_goodbye();  // its limit for silence
  // A peer that ends the connection instead of answering has gone as well.
  if (error && error != asio::error::eof && error != asio::error::operation_aborted)
    co_return failure(errc::protocol, fmt::format("{}: WebSocket: {}", name, error.message()), origin::peer);
  co_return result<void>();
}

websocket::websocket(std::unique_ptr<state> with) : state_(std::move(with)) {}
websocket::~websocket() { state_->wire->on->close(); }

const std::string& websocket::protocol() const noexcept { return state_->protocol; }

task<result<std::unique_ptr<websocket>>> websocket::open(transport::stream_ptr on, websocket_request what,
                                                         websocket_limits most, websocket_refusal* refused) {
  const executor ex = co_await asio::this_coro::executor;
  auto wire = std::make_shared<beast_wire>();
  wire->on = std::move(on);
  wire->stall = most.stall;
  std::unique_ptr<websocket> made(new websocket(std::make_unique<state>(ex, std::move(wire), most)));
  state& s = *made->state_;
  s.socket.auto_fragment(false);
  s.socket.write_buffer_bytes(write_buffer);
  s.socket.binary(true);
  s.socket.read_message_max(most.message);
  std::string late = fmt::format("{}: no answer to the WebSocket handshake within {} ms", s.name, most.handshake.count());
  auto work = s.handshake(std::move(what), refused);
  result<void> done = co_await with_timeout(std::move(work), most.handshake, std::move(late));
  if (done.has_error()) co_return std::move(done).error();
  co_return std::move(made);
}

task<result<std::optional<byte_view>>> websocket::read() {
  state& s = *state_;
  if (s.ended) co_return std::optional<byte_view>();
  s.message.clear();
  const auto [error, count] = co_await s.socket.async_read(s.message, awaitable_tuple);
  unwind_if(co_await asio::this_coro::cancellation_state);
  if (error == ws::error::closed && !s.closing) {
    s.ended = true;
    const auto code = s.socket.reason().code;
    if (code == ws::close_code::normal || code == ws::close_code::none) co_return std::optional<byte_view>();
    co_return s.closed_by_peer();
  }
  if (error) co_return s.explained(error);
  if (!s.socket.got_binary())
    co_return failure(errc::protocol, s.name + ": a WebSocket message is text, not binary", origin::peer);
  const auto bytes = s.message.cdata();
  co_return std::optional<byte_view>(byte_view(static_cast<const std::byte*>(bytes.data()), bytes.size()));
}

task<result<void>> websocket::write(byte_chain message) {
  state& s = *state_;
  if (s.ended) co_return s.closed_by_peer();
  std::vector<asio::const_buffer> buffers;
  for (const byte_slice& slice : message.slices()) buffers.emplace_back(slice.data(), slice.size());
  const auto [error, count] = co_await s.socket.async_write(buffers, awaitable_tuple);
  unwind_if(co_await asio::this_coro::cancellation_state);
  if (error) co_return s.ended ? s.closed_by_peer() : s.explained(error);
  co_return result<void>();
}

void websocket::abort() noexcept {
  state_->closing = true;
  state_->wire->on->close();
}

task<result<void>> websocket::close() {
  state& s = *state_;
  if (std::exchange(s.closing, true)) co_return result<void>();
  result<void> done{};
  if (!s.ended && !s.wire->why) {
    std::string late = s.no_goodbye().text;
    auto goodbye = s.say_goodbye();
    done = co_await with_timeout(std::move(goodbye), s.most.close, std::move(late));
  }
  s.wire->on->close();
  co_return done;
}

}  // namespace peelbox::http
