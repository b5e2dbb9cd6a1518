#include "cli/pool/prefixed_lines.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <vector>

namespace peelbox::cli::pool {

constexpr std::size_t longest_line = 64 << 10;

result<prefixed_lines> prefixed_lines::make(std::string prefix, std::function<void(std::string_view)> say) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_failure(errno, "pipe");
  return prefixed_lines(std::move(prefix), std::move(say), unique_fd(ends[1]), unique_fd(ends[0]));
}

task<result<void>> prefixed_lines::run() {
  const executor ex = co_await asio::this_coro::executor;
  // The descriptor belongs to it from here on.
  const int own = ::fcntl(out_.get(), F_DUPFD_CLOEXEC, 3);
  if (own < 0) co_return errno_failure(errno, "pipe");
  asio::posix::stream_descriptor from(ex, own);
  std::string held;
  std::vector<char> part(16 << 10);
  for (;;) {
    boost::system::error_code error;
    const asio::mutable_buffer into(part.data(), part.size());
    auto reading = from.async_read_some(into, asio::redirect_error(asio::use_awaitable, error));
    const std::size_t got = co_await std::move(reading);
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    held.append(part.data(), got);
    std::size_t begin = 0;
    for (std::size_t end = held.find('\n'); end != held.npos; end = held.find('\n', begin)) {
      say_(prefix_ + held.substr(begin, end - begin));
      begin = end + 1;
    }
    held.erase(0, begin);
    if (!held.empty() && (error || held.size() > longest_line)) {
      say_(prefix_ + held);
      held.clear();
    }
    if (error) co_return result<void>();
  }
}

}  // namespace peelbox::cli::pool
