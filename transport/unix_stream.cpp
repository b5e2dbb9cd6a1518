#include "transport/unix_stream.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

#include "engine/async/sleep.hpp"
#include "transport/socket_stream.hpp"

namespace peelbox::transport {
namespace {

using namespace std::chrono_literals;

struct unix_address {
  sockaddr_un name{};
  socklen_t size = 0;
};

unix_address address_of(const std::string& path) {
  unix_address a;
  a.name.sun_family = AF_UNIX;
  std::memcpy(a.name.sun_path, path.data(), std::min(path.size(), sizeof(a.name.sun_path) - 1));
  a.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (path.starts_with('@'))
    a.name.sun_path[0] = '\0';  // unix(7): the abstract namespace
  else
    a.size += 1;
  return a;
}

failure explain(const endpoint& where, int error) {
  const std::string& name = where.text;
  switch (error) {
    case ENOENT:
      return failure(errc::not_found,
                     fmt::format("{}: there is no such socket: is buildkitd running, and does it listen there? A "
                                 "rootless daemon uses $XDG_RUNTIME_DIR/buildkit/buildkitd.sock",
                                 name),
                     origin::transport);
    case EACCES:
    case EPERM:
      return failure(errc::permission,
                     fmt::format("{}: permission denied: the socket belongs to another user or group", name),
                     origin::transport);
    case ECONNREFUSED:
      if (struct stat found{}; ::stat(where.path.c_str(), &found) == 0 && !S_ISSOCK(found.st_mode))
        return failure(errc::connection, fmt::format("{}: this is no socket but a {}", name, S_ISDIR(found.st_mode) ? "directory" : "file"),
                       origin::transport);
      return failure(errc::connection,
                     fmt::format("{}: connection refused: the socket exists, but no buildkitd listens on it", name),
                     origin::transport);
    default:
      return failure(errc::connection, fmt::format("{}: {}", name, std::generic_category().message(error)),
                     origin::transport);
  }
}

/// When a listener's queue is full, a non-blocking connect fails with EAGAIN, and the kernel does not tell when there is
/// room again (connect(2)). So we try again after this pause, until the limit.
constexpr auto retry_pause = 20ms;

/// Sender and receiver take fewer, longer turns than with the default of 208 KiB: in most runs this gave a little more
/// throughput. The system's limit (net.core.wmem_max) may allow less.
constexpr int send_buffer_size = 1 << 20;

}  // namespace

task<result<stream_ptr>> connect_unix(endpoint where, std::chrono::milliseconds limit) {
  const executor ex = co_await asio::this_coro::executor;
  const unix_address address = address_of(where.path);
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) co_return explain(where, errno);
    stream_socket socket(ex, asio::generic::stream_protocol(AF_UNIX, 0), fd);
    int error = 0;
    while (::connect(fd, reinterpret_cast<const sockaddr*>(&address.name), address.size) != 0) {
      error = errno;
      if (error != EINTR) break;
      error = 0;
    }
    if (error == 0) (void)::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer_size, sizeof(send_buffer_size));
    if (error == 0) co_return make_socket_stream(std::move(socket), where.text);
    if (error != EAGAIN) co_return explain(where, error);
    if (std::chrono::steady_clock::now() >= until)
      co_return failure(errc::timed_out,
                        fmt::format("{}: the daemon accepted no connection within {} ms: it hangs or is overloaded",
                                    where.text, limit.count()),
                        origin::transport);
    if (co_await sleep_for(retry_pause) == wake::cancelled)
      throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace peelbox::transport
