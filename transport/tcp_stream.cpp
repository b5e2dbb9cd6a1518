#include "transport/tcp_stream.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <functional>
#include <optional>
#include <utility>

#include "engine/async/task_group.hpp"
#include "engine/async/timeout.hpp"
#include "transport/address_race.hpp"
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
    // All of them are improvements only; a kernel without one of them still connects.
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
  // Asio's own open() would leave the socket to the programs that we start.
  const int fd = ::socket(address.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) error.assign(errno, boost::system::system_category());
  else socket.assign(address.protocol(), fd, error);
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

namespace {

/// What the attempts of one dial share; it outlives them.
struct race_state {
  race_state(executor ex, std::vector<tcp::endpoint> in_order)
      : addresses(std::move(in_order)), decide(addresses.size()), failures(addresses.size()), changed(std::move(ex)) {}
  std::vector<tcp::endpoint> addresses;
  address_race decide;
  std::vector<std::optional<failure>> failures;
  stream_ptr winner;
  event changed;
};

task<result<void>> attempt(race_state& race, std::size_t which, std::string name, std::chrono::milliseconds limit) {
  auto one = connect_one(race.addresses[which], std::move(name));
  std::string late = fmt::format("no answer within {} ms", limit.count());
  auto connected = co_await with_timeout(std::move(one), limit, std::move(late));
  if (connected.has_error()) {
    race.failures[which] = connected.error();
    race.decide.failed();
  } else if (!race.winner) {
    race.winner = std::move(*connected);
  }
  race.changed.notify();
  co_return result<void>();
}

task<result<void>> run_race(task_group& group, race_state& race, std::string name, std::chrono::milliseconds limit) {
  using clock = std::chrono::steady_clock;
  while (!race.winner && !race.decide.lost()) {
    while (const auto which = race.decide.next(clock::now())) group.spawn(attempt(race, *which, name, limit));
    const auto at = race.decide.next_at();
    const clock::duration pause = at ? *at - clock::now() : clock::duration(limit) * 2;
    if (co_await race.changed.wait_for(std::max(pause, clock::duration(0))) == wake::cancelled)
      throw boost::system::system_error(asio::error::operation_aborted);
  }
  group.cancel();
  co_return result<void>();
}

}  // namespace

task<result<stream_ptr>> connect_tcp(endpoint where, std::chrono::milliseconds resolve_limit,
                                     std::chrono::milliseconds connect_limit) {
  auto addresses = co_await resolve(where.host, where.port, resolve_limit);
  if (addresses.has_error()) co_return std::move(addresses).error().in(where.text);
  co_return co_await connect_any(std::move(*addresses), std::move(where.text), connect_limit);
}

task<result<stream_ptr>> connect_any(std::vector<tcp::endpoint> addresses, std::string name,
                                     std::chrono::milliseconds connect_limit) {
  race_state race(co_await asio::this_coro::executor, in_turn(addresses));
  std::function<task<result<void>>(task_group&)> body = [&race, &name, connect_limit](task_group& group) {
    return run_race(group, race, name, connect_limit);
  };
  const result<void> ran = co_await task_group::run(std::move(body));
  if (race.winner) co_return std::move(race.winner);
  if (ran.has_error()) co_return ran.error().in(name);
  std::vector<connect_attempt> attempts;
  for (std::size_t i = 0; i < race.failures.size(); ++i)
    if (race.failures[i])
      attempts.push_back({race.addresses[i].address().to_string(), race.failures[i]->code, race.failures[i]->text});
  co_return explain_attempts(name, attempts);
}

}  // namespace peelbox::transport
