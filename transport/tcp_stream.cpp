#include "transport/tcp_stream.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "engine/async/timeout.hpp"
#include "transport/resolve.hpp"
#include "transport/socket_stream.hpp"

namespace peelbox::transport {
namespace {

using asio::ip::tcp;

/// A peer that vanished without a word is noticed after two minutes, whether bytes wait to be acknowledged or nothing is
/// said; HTTP/2 connections notice sooner (h2grpc/rpc/connection). Routers that forget idle connections see one packet
/// every 15 s.
void set_options(tcp::socket& socket) {
  const auto set = [&](int level, int name, int value) {
    // Each of them is an improvement only; a kernel that lacks one still connects.
    (void)::setsockopt(socket.native_handle(), level, name, &value, sizeof(value));
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(IPPROTO_TCP, TCP_KEEPCNT, 7);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 120'000);
}

/// On loopback a connect to a free port of the ephemeral range can meet itself (RFC 9293, simultaneous open).
bool met_itself(const tcp::socket& socket) {
  boost::system::error_code no_local;
  boost::system::error_code no_remote;
  const auto local = socket.local_endpoint(no_local);
  const auto remote = socket.remote_endpoint(no_remote);
  return !no_local && !no_remote && local == remote;
}

task<result<stream_ptr>> connect_one(tcp::endpoint address, std::string name) {
  const executor ex = co_await asio::this_coro::executor;
  tcp::socket socket(ex);
  boost::system::error_code error;
  socket.open(address.protocol(), error);
  if (!error) {
    set_options(socket);
    auto [connect_error] = co_await socket.async_connect(address, asio::as_tuple(asio::use_awaitable));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
      throw boost::system::system_error(asio::error::operation_aborted);
    error = connect_error;
    if (!error && met_itself(socket)) error = asio::error::connection_refused;
  }
  if (error) {
    std::string cause = error.message();
    if (!cause.empty() && cause[0] >= 'A' && cause[0] <= 'Z') cause[0] = static_cast<char>(cause[0] - 'A' + 'a');
    co_return failure(errc::connection, std::move(cause), origin::transport);
  }
  co_return make_socket_stream(stream_socket(std::move(socket)), std::move(name));
}

}  // namespace

failure explain_attempts(const std::string& name, const std::vector<connect_attempt>& attempts) {
  if (attempts.empty()) return failure(errc::connection, name + ": the host has no address", origin::transport);
  const auto& first = attempts.front();
  const bool same = std::all_of(attempts.begin(), attempts.end(),
                                [&](const connect_attempt& a) { return a.cause == first.cause; });
  std::string list;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    if (i > 0) list += same ? (i + 1 == attempts.size() ? " and " : ", ") : "; ";
    list += attempts[i].address;
    if (!same) list += ": " + attempts[i].cause;
  }
  const bool late = std::all_of(attempts.begin(), attempts.end(),
                                [](const connect_attempt& a) { return a.code == errc::timed_out; });
  return failure(late ? errc::timed_out : errc::connection,
                 same ? fmt::format("{}: {} (tried {})", name, first.cause, list)
                      : fmt::format("{}: no address answered ({})", name, list),
                 origin::transport);
}

task<result<stream_ptr>> connect_tcp(endpoint where, std::chrono::milliseconds resolve_limit,
                                     std::chrono::milliseconds connect_limit) {
  auto addresses = co_await resolve(where.host, where.port, resolve_limit);
  if (addresses.has_error()) co_return std::move(addresses).error().in(where.text);
  std::vector<connect_attempt> attempts;
  for (const tcp::endpoint& address : *addresses) {
    auto one = connect_one(address, where.text);
    auto connected = co_await with_timeout(std::move(one), connect_limit,
                                        fmt::format("no answer within {} ms", connect_limit.count()));
    if (connected.has_value()) co_return std::move(*connected);
    attempts.push_back({address.address().to_string(), connected.error().code, connected.error().text});
  }
  co_return explain_attempts(where.text, attempts);
}

}  // namespace peelbox::transport
