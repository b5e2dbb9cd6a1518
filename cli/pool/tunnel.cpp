#include "cli/pool/tunnel.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <utility>

#include "engine/async/sleep.hpp"
#include "engine/async/timeout.hpp"
#include "engine/client/daemon.hpp"

namespace peelbox::cli::pool {

using boost::system::error_code;

namespace {

constexpr std::chrono::seconds dial_patience{20};
/// How long a daemon may go on after its client has said that it sends nothing more. Servers with v4 of exec are not told that.
constexpr std::chrono::seconds end_patience{5};

std::chrono::seconds patience_with(const current_pod::reached& to) {
  return dial_patience + std::chrono::duration_cast<std::chrono::seconds>(to.way->patience());
}

/// Passes on until `from` ends.
task<result<void>> pump(transport::stream& from, transport::stream& to) {
  for (;;) {
    auto reading = from.read();
    result<byte_view> got = co_await std::move(reading);
    if (got.has_error()) co_return got.error();
    if (got->empty()) break;
    byte_chain bytes;
    bytes.append_copy(*got);
    auto writing = to.write(std::move(bytes));
    result<void> sent = co_await std::move(writing);
    if (sent.has_error()) co_return sent.error();
  }
  auto ending = to.shutdown_write();
  co_return co_await std::move(ending);
}

task<result<void>> upwards(transport::stream& client, transport::stream& daemon, task_group& group) {
  auto passing = pump(client, daemon);
  const result<void> done = co_await std::move(passing);
  // A client that has left is no fault of the tunnel.
  if (done.has_value()) co_await sleep_for(end_patience);
  group.cancel();
  co_return result<void>();
}

task<result<void>> downwards(transport::stream& daemon, transport::stream& client, std::string& fault, task_group& group) {
  auto reading_down = pump(daemon, client);
  const result<void> done = co_await std::move(reading_down);
  if (done.has_error()) fault = done.error().text;
  group.cancel();
  co_return result<void>();
}

}  // namespace

struct tunnel::listener {
  explicit listener(const executor& ex) : tcp(ex), local(ex) {}

  task<result<transport::stream_ptr>> accept() {
    const executor ex = co_await asio::this_coro::executor;
    transport::stream_socket made(ex);
    error_code error;
    if (tcp.is_open()) {
      asio::ip::tcp::socket socket(ex);
      co_await tcp.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
      error_code ignored;
      if (!error) socket.set_option(asio::ip::tcp::no_delay(true), ignored);
      if (!error) made = transport::stream_socket(std::move(socket));
    } else {
      asio::local::stream_protocol::socket socket(ex);
      co_await local.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
      if (!error) made = transport::stream_socket(std::move(socket));
    }
    if (error) co_return failure(errc::io, "accept: " + error.message());
    co_return transport::make_socket_stream(std::move(made), "a client of the tunnel");
  }

  asio::ip::tcp::acceptor tcp;
  asio::local::stream_protocol::acceptor local;
};

tunnel::tunnel(pool_view_ptr pool, std::string arch, std::shared_ptr<listener> on, std::string address, const executor& ex)
    : pool_(pool), target_(std::move(pool), std::move(arch), ex), on_(std::move(on)), address_(std::move(address)), closed_(ex) {}

result<std::shared_ptr<tunnel>> tunnel::listen(pool_view_ptr pool, std::string arch, const tunnel_place& at, executor ex) {
  auto on = std::make_shared<listener>(ex);
  error_code error;
  std::string address;
  if (at.socket.empty()) {
    // Bound at once: a port that is looked for first and bound later may be taken in between.
    const asio::ip::tcp::endpoint where(asio::ip::address_v4::loopback(), at.port);
    on->tcp.open(where.protocol(), error);
    if (!error) on->tcp.set_option(asio::ip::tcp::acceptor::reuse_address(true), error);
    if (!error) on->tcp.bind(where, error);
    if (!error) on->tcp.listen(64, error);
    if (error) return failure(errc::io, fmt::format("cannot listen on port {} of 127.0.0.1: {}", at.port, error.message()), origin::user);
    address = fmt::format("tcp://127.0.0.1:{}", on->tcp.local_endpoint(error).port());
  } else {
    const asio::local::stream_protocol::endpoint where(at.socket);
    on->local.open(where.protocol(), error);
    if (!error) on->local.bind(where, error);
    if (!error) on->local.listen(64, error);
    if (error) return failure(errc::io, fmt::format("cannot listen on {}: {}", at.socket, error.message()));
    address = "unix://" + at.socket;
  }
  return std::shared_ptr<tunnel>(new tunnel(std::move(pool), std::move(arch), std::move(on), std::move(address), ex));
}

task<result<transport::stream_ptr>> tunnel::reach() {
  for (bool again = false;; again = true) {
    auto asking = target_.get();
    result<current_pod::reached> to = co_await std::move(asking);
    if (to.has_error()) co_return to.error();
    auto dialling = to->way->control();
    const std::chrono::seconds patience = patience_with(*to);
    auto limited = with_timeout(std::move(dialling), patience, fmt::format("{} did not answer within {} s", to->pod, patience.count()));
    result<transport::stream_ptr> made = co_await std::move(limited);
    if (made.has_value() || again) co_return made;
    target_.failed(to->pod);
  }
}

task<result<void>> tunnel::serve(transport::stream_ptr client) {
  struct counted {
    tunnel& of;
    explicit counted(tunnel& which) : of(which) { ++of.open_; }
    ~counted() {
      --of.open_;
      of.closed_.notify();
    }
  } const one(*this);
  auto reaching = reach();
  result<transport::stream_ptr> daemon = co_await std::move(reaching);
  if (daemon.has_error()) {
    pool_->with.say("warning: a connection was closed: " + daemon.error().text);
    co_return result<void>();
  }
  std::string fault;
  const std::string pod = (*daemon)->describe();
  const executor ex = co_await asio::this_coro::executor;
  task_group both(ex);
  both.spawn(upwards(*client, **daemon, both));
  both.spawn(downwards(**daemon, *client, fault, both));
  const wake why = co_await both.join();
  client->close();
  (*daemon)->close();
  if (why == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  if (!fault.empty()) {
    pool_->with.say("warning: a connection broke: " + fault);
    target_.broke();
  }
  co_return result<void>();
}

task<result<void>> tunnel::accept(task_group& group) {
  for (;;) {
    while (open_ >= most_connections) {
      const wake woken = co_await closed_.wait();
      if (woken == wake::cancelled) co_return result<void>();
    }
    auto accepting = on_->accept();
    result<transport::stream_ptr> client = co_await std::move(accepting);
    if (client.has_error()) {
      // Too many open files pass.
      const wake slept = co_await sleep_for(std::chrono::milliseconds(200));
      if (slept == wake::cancelled) co_return result<void>();
      continue;
    }
    group.start(serve(std::move(*client)));
  }
}

task<result<void>> tunnel::run() {
  const std::shared_ptr<tunnel> kept = shared_from_this();
  std::function<task<result<void>>(task_group&)> all = [this](task_group& group) {
    group.spawn(target_.follow());
    return accept(group);
  };
  auto running = task_group::run(all);
  co_return co_await std::move(running);
}

task<result<void>> tunnel::probe() {
  // What is wrong with the pool is told in the words of the API, not as a connection that was closed.
  auto asking = target_.get();
  const result<current_pod::reached> to = co_await std::move(asking);
  if (to.has_error()) co_return to.error();
  result<transport::endpoint> where = transport::parse_endpoint(address_);
  if (where.has_error()) co_return where.error();
  transport::dial_options dial;
  dial.patience = to->way->patience();
  result<std::shared_ptr<client::route>> way = client::make_route(*where, dial, pool_->with.env, pool_->with.log);
  if (way.has_error()) co_return way.error();
  std::function<task<result<void>>(std::shared_ptr<h2grpc::connection>)> answered =
      [](std::shared_ptr<h2grpc::connection>) -> task<result<void>> { co_return result<void>(); };
  auto asked = client::with_daemon(*way, pool_->with.log, answered);
  const std::chrono::seconds patience = patience_with(*to);
  auto limited = with_timeout(std::move(asked), patience, fmt::format("the daemon of {} did not answer within {} s", to->pod, patience.count()));
  co_return co_await std::move(limited);
}

}  // namespace peelbox::cli::pool
