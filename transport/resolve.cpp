#include "transport/resolve.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>

#include "engine/async/timeout.hpp"

namespace peelbox::transport {
namespace {

using asio::ip::tcp;

constexpr std::size_t most_addresses = 16;

/// Shared by the thread and the coroutine. The thread owns the write end of the pipe; closing it means "done".
struct lookup {
  std::string host;
  std::uint16_t port = 0;
  int done = -1;

  std::atomic<bool> ready{false};
  int error = 0;
  std::string error_text;
  std::vector<tcp::endpoint> found;

  ~lookup() {
    if (done >= 0) ::close(done);
  }

  void run() {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (error == EAI_SYSTEM) error_text = std::generic_category().message(errno);
    else if (error != 0) error_text = ::gai_strerror(error);
    for (const addrinfo* a = list; a != nullptr && found.size() < most_addresses; a = a->ai_next) {
      tcp::endpoint address;
      if (a->ai_addrlen > address.capacity()) continue;
      std::memcpy(address.data(), a->ai_addr, a->ai_addrlen);
      address.resize(a->ai_addrlen);
      address.port(port);
      if (std::find(found.begin(), found.end(), address) == found.end()) found.push_back(address);
    }
    if (list != nullptr) ::freeaddrinfo(list);
    ready.store(true, std::memory_order_release);
    ::close(done);
    done = -1;
  }
};

task<result<std::vector<tcp::endpoint>>> look_up(std::string host, std::uint16_t port) {
  const executor ex = co_await asio::this_coro::executor;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) co_return errno_failure(errno, "pipe for the look-up of " + host);
  asio::posix::stream_descriptor waiting(ex, ends[0]);
  auto shared = std::make_shared<lookup>();
  shared->host = host;
  shared->port = port;
  shared->done = ends[1];
  try {
    std::thread([shared] { shared->run(); }).detach();
  } catch (const std::system_error& e) {
    co_return failure(errc::internal, fmt::format("no thread for the look-up of {}: {}", host, e.what()));
  }
  auto [error] = co_await waiting.async_wait(asio::posix::stream_descriptor::wait_read,
                                             asio::as_tuple(asio::use_awaitable));
  co_await asio::this_coro::throw_if_cancelled(true);
  if (error) throw boost::system::system_error(error);
  if (!shared->ready.load(std::memory_order_acquire))
    co_return failure(errc::internal, "the look-up of " + host + " ended without an answer");
  if (shared->error != 0)
    co_return failure(errc::connection, fmt::format("the name {} cannot be resolved: {}", host, shared->error_text),
                      origin::transport);
  if (shared->found.empty())
    co_return failure(errc::connection, fmt::format("the name {} has no address", host), origin::transport);
  co_return std::move(shared->found);
}

}  // namespace

task<result<std::vector<tcp::endpoint>>> resolve(std::string host, std::uint16_t port,
                                                 std::chrono::milliseconds limit) {
  boost::system::error_code not_numeric;
  const auto address = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) co_return std::vector<tcp::endpoint>{tcp::endpoint(address, port)};
  auto work = look_up(host, port);
  co_return co_await with_timeout(std::move(work), limit,
                                  fmt::format("the name {} was not resolved within {} ms: is the DNS server reachable?",
                                              host, limit.count()));
}

}  // namespace peelbox::transport
