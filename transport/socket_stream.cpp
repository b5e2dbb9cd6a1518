#include "transport/socket_stream.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <utility>

namespace peelbox::transport {
namespace {

constexpr std::size_t read_size = 256 << 10;
// Linux takes at most 1024 (UIO_MAXIOV); the rest goes with the next call.
constexpr std::size_t slices_per_call = 512;

constexpr auto awaitable_tuple = asio::as_tuple(asio::use_awaitable);

using boost::system::error_code;

class socket_stream final : public stream {
 public:
  socket_stream(stream_socket socket, std::string name) : socket_(std::move(socket)), name_(std::move(name)) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
  }

  task<result<byte_view>> read() override {
    if (closed_) co_return closed_failure();
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<std::byte[]>(read_size);
    auto [error, count] = co_await socket_.async_read_some(asio::buffer(buffer_.get(), read_size), awaitable_tuple);
    unwind_if(co_await asio::this_coro::cancellation_state);
    if (error == asio::error::eof) co_return byte_view();
    if (closed_) co_return closed_failure();
    if (error) co_return transport_failure(error, name_);
    co_return byte_view(buffer_.get(), count);
  }

  task<result<void>> write(byte_chain bytes) override {
    while (!bytes.empty()) {
      if (closed_) co_return closed_failure();
      // There is room nearly always; then a write costs one system call.
      const ssize_t sent = send_some(bytes);
      if (sent >= 0) {
        bytes.consume(static_cast<std::size_t>(sent));
        continue;
      }
      const int error = errno;
      if (error == EINTR) continue;
      // ENOBUFS: the kernel is short of memory for this socket; it becomes writable when there is some again.
      if (error != EAGAIN && error != EWOULDBLOCK && error != ENOBUFS)
        co_return transport_failure(error_code(error, boost::system::system_category()), name_);
      auto [wait_error] = co_await socket_.async_wait(stream_socket::wait_write, awaitable_tuple);
      unwind_if(co_await asio::this_coro::cancellation_state);
      if (closed_) co_return closed_failure();
      if (wait_error) co_return transport_failure(wait_error, name_);
    }
    co_return result<void>();
  }

  task<result<void>> shutdown_write() override {
    if (closed_) co_return closed_failure();
    error_code error;
    socket_.shutdown(stream_socket::shutdown_send, error);
    // If the peer has gone, it needs no orderly end.
    if (error && error != asio::error::not_connected) co_return transport_failure(error, name_);
    co_return result<void>();
  }

  void close() noexcept override {
    closed_ = true;
    error_code ignored;
    socket_.close(ignored);
  }

  std::string describe() const override { return name_; }

 private:
  failure closed_failure() const {
    return failure(errc::cancelled, name_ + ": the connection was closed on our side", origin::us);
  }

  /// Checks for cancellation before the result of an operation, which may have succeeded before it was cancelled.
  static void unwind_if(const asio::cancellation_state& state) {
    if (state.cancelled() != asio::cancellation_type::none)
      throw boost::system::system_error(asio::error::operation_aborted);
  }

  ssize_t send_some(const byte_chain& bytes) noexcept {
    std::array<iovec, slices_per_call> pieces;
    std::size_t count = 0;
    for (const byte_slice& slice : bytes.slices()) {
      if (count == pieces.size()) break;
      pieces[count++] = {const_cast<std::byte*>(slice.data()), slice.size()};
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    return ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  stream_socket socket_;
  std::string name_;
  std::unique_ptr<std::byte[]> buffer_;
  bool closed_ = false;
};

}  // namespace

stream_ptr make_socket_stream(stream_socket socket, std::string name) {
  return std::make_unique<socket_stream>(std::move(socket), std::move(name));
}

}  // namespace peelbox::transport
