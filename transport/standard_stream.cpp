#include "transport/standard_stream.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>

#include "transport/socket_stream.hpp"

namespace peelbox::transport {
namespace {

constexpr std::size_t piece_size = 64 << 10;

bool write_all(int to, const char* data, std::size_t size, bool is_socket) {
  while (size > 0) {
    const ssize_t n = is_socket ? ::send(to, data, size, MSG_NOSIGNAL) : ::write(to, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

/// Until the end of either; then the other side learns of it.
void pump(int from, int to, bool to_socket) {
  std::array<char, piece_size> piece;
  for (;;) {
    const ssize_t n = ::read(from, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || !write_all(to, piece.data(), static_cast<std::size_t>(n), to_socket)) break;
  }
  if (to_socket) {
    ::shutdown(to, SHUT_WR);
  } else {
    ::close(to);
    ::shutdown(from, SHUT_RDWR);
  }
}

/// Our end of a pair of sockets whose other end the two threads serve.
class standard_stream final : public stream {
 public:
  standard_stream(stream_ptr inner, std::thread output) : inner_(std::move(inner)), output_(std::move(output)) {}
  ~standard_stream() override {
    inner_->close();
    // What was given to it is written before the process ends; it ends because our end of the pair is closed.
    output_.join();
  }
  task<result<byte_view>> read() override { return inner_->read(); }
  task<result<void>> write(byte_chain bytes) override { return inner_->write(std::move(bytes)); }
  task<result<void>> shutdown_write() override { return inner_->shutdown_write(); }
  void close() noexcept override { inner_->close(); }
  std::string describe() const override { return inner_->describe(); }

 private:
  stream_ptr inner_;
  std::thread output_;
};

}  // namespace

task<stream_ptr> open_standard_stream() {
  const executor ex = co_await asio::this_coro::executor;
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) ends[0] = ends[1] = -1;
  stream_ptr ours = make_socket_stream(stream_socket(ex, asio::generic::stream_protocol(AF_UNIX, 0), ends[0]), "standard input and output");
  const int theirs = ends[1];
  // Standard input can block for ever: its thread is not waited for.
  std::thread([theirs] { pump(STDIN_FILENO, theirs, true); }).detach();
  std::thread output([theirs] { pump(theirs, STDOUT_FILENO, false); });
  co_return stream_ptr(std::make_unique<standard_stream>(std::move(ours), std::move(output)));
}

}  // namespace peelbox::transport
