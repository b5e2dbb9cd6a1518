#include "cli/bench/relay.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <thread>
#include <vector>

#include "engine/async/event.hpp"

namespace peelbox::cli::bench {

namespace {

using local = asio::local::stream_protocol;
using generic = asio::generic::stream_protocol;
using clock = std::chrono::steady_clock;

constexpr std::size_t part = 256 << 10;
constexpr std::size_t most_waiting = 8 << 20;

/// Both ends of one connection. Shared by the two ways that bytes go.
struct joined {
  explicit joined(executor ex) : client(ex), daemon(ex) {}
  local::socket client;
  generic::socket daemon;
};

/// Bytes on one way, with the time when they may go on.
struct way {
  explicit way(executor ex) : changed(std::move(ex)) {}
  struct held {
    clock::time_point due;
    std::vector<char> bytes;
  };
  std::deque<held> queue;
  std::size_t waiting = 0;
  bool ended = false;   ///< nothing more comes
  bool broken = false;  ///< nothing more is taken
  event changed;
};

template <class From>
task<void> take_all([[maybe_unused]] std::shared_ptr<joined> keeps_from, From& from, std::shared_ptr<way> on, clock::duration hold, std::atomic<std::uint64_t>& count) {
  while (!on->broken) {
    if (on->waiting >= most_waiting) {
      co_await on->changed.wait();
      continue;
    }
    std::vector<char> bytes(part);
    boost::system::error_code error;
    const asio::mutable_buffer into(bytes.data(), bytes.size());
    const std::size_t got = co_await from.async_read_some(into, asio::redirect_error(asio::use_awaitable, error));
    if (error || got == 0) break;
    bytes.resize(got);
    count += got;
    on->waiting += got;
    on->queue.push_back({clock::now() + hold, std::move(bytes)});
    on->changed.notify();
  }
  on->ended = true;
  on->changed.notify();
}

template <class To>
task<void> pass_all(std::shared_ptr<joined> both, To& to, std::shared_ptr<way> on) {
  boost::system::error_code error;
  while (!error) {
    if (on->queue.empty()) {
      if (on->ended) break;
      co_await on->changed.wait();
      continue;
    }
    const clock::duration left = on->queue.front().due - clock::now();
    if (left > clock::duration::zero()) {
      co_await on->changed.wait_for(left);
      continue;
    }
    const std::vector<char> bytes = std::move(on->queue.front().bytes);
    on->queue.pop_front();
    const asio::const_buffer from(bytes.data(), bytes.size());
    co_await asio::async_write(to, from, asio::redirect_error(asio::use_awaitable, error));
    on->waiting -= bytes.size();
    on->changed.notify();
  }
  on->broken = true;
  on->changed.notify();
  boost::system::error_code ignored;
  to.shutdown(To::shutdown_send, ignored);
  if (!error) co_return;
  both->client.close(ignored);
  both->daemon.close(ignored);
}

}  // namespace

class relay::worker {
 public:
  worker(transport::endpoint target, clock::duration hold) : target_(std::move(target)), hold_(hold), acceptor_(io_) {}

  ~worker() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  result<void> listen(const std::string& socket) {
    boost::system::error_code error;
    const local::endpoint at(socket);
    acceptor_.open(at.protocol(), error);
    if (!error) acceptor_.bind(at, error);
    if (!error) acceptor_.listen(128, error);
    if (error) return errno_failure(error.value(), socket);
    asio::co_spawn(io_, accept_all(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  relayed counts() const noexcept { return {to_daemon_, to_client_, connections_}; }

 private:
  task<void> accept_all() {
    while (true) {
      auto both = std::make_shared<joined>(io_.get_executor());
      boost::system::error_code error;
      co_await acceptor_.async_accept(both->client, asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return;
      ++connections_;
      asio::co_spawn(io_, serve(both), asio::detached);
    }
  }

  task<void> serve(std::shared_ptr<joined> both) {
    boost::system::error_code error;
    if (target_.kind == transport::scheme::unix_socket) {
      const generic::endpoint at{local::endpoint(target_.path[0] == '@' ? std::string(1, '\0') + target_.path.substr(1) : target_.path)};
      co_await both->daemon.async_connect(at, asio::redirect_error(asio::use_awaitable, error));
    } else {
      asio::ip::tcp::resolver names(io_);
      const std::string port = std::to_string(target_.port);
      auto found = co_await names.async_resolve(target_.host, port, asio::redirect_error(asio::use_awaitable, error));
      if (!error) {
        asio::ip::tcp::socket dialled(io_);
        co_await asio::async_connect(dialled, found, asio::redirect_error(asio::use_awaitable, error));
        if (!error) dialled.set_option(asio::ip::tcp::no_delay(true), error);
        if (!error) both->daemon = generic::socket(std::move(dialled));
      }
    }
    if (error) co_return;
    auto up = std::make_shared<way>(io_.get_executor());
    auto down = std::make_shared<way>(io_.get_executor());
    asio::co_spawn(io_, take_all(both, both->client, up, hold_, to_daemon_), asio::detached);
    asio::co_spawn(io_, pass_all(both, both->daemon, up), asio::detached);
    asio::co_spawn(io_, take_all(both, both->daemon, down, hold_, to_client_), asio::detached);
    asio::co_spawn(io_, pass_all(both, both->client, down), asio::detached);
  }

  asio::io_context io_{1};
  const transport::endpoint target_;
  const clock::duration hold_;
  std::atomic<std::uint64_t> to_daemon_{0};
  std::atomic<std::uint64_t> to_client_{0};
  std::atomic<std::uint64_t> connections_{0};
  local::acceptor acceptor_;
  std::thread thread_;
};

relay::relay(std::string address, std::unique_ptr<worker> work) : address_(std::move(address)), worker_(std::move(work)) {}
relay::~relay() = default;

result<std::unique_ptr<relay>> relay::start(const std::string& socket, const transport::endpoint& target, std::chrono::microseconds round_trip) {
  auto work = std::make_unique<worker>(target, round_trip / 2);
  if (result<void> listening = work->listen(socket); listening.has_error()) return listening.error();
  return std::unique_ptr<relay>(new relay("unix://" + socket, std::move(work)));
}

relayed relay::counts() const noexcept { return worker_->counts(); }

}  // namespace peelbox::cli::bench
