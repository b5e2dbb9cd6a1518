#include "transport/standard_stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <thread>

#include "engine/async/write_all.hpp"
#include "transport/socket_stream.hpp"

namespace peelbox::transport {
namespace {

constexpr std::size_t piece_size = 64 << 10;

/// 0, or errno.
int send_all(int to, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::send(to, data, size, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EIO;
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return 0;
}

/// Somebody else may have made standard input non-blocking.
ssize_t read_some(int from, std::array<char, piece_size>& piece) {
  for (;;) {
    const ssize_t n = ::read(from, piece.data(), piece.size());
    if (n >= 0 || (errno != EINTR && errno != EAGAIN)) return n;
    pollfd one{from, POLLIN, 0};
    if (errno == EAGAIN) ::poll(&one, 1, -1);
  }
}

/// Copies until either side ends; then tells the other side.
void pump_in(int socket) {
  std::array<char, piece_size> piece;
  for (;;) {
    const ssize_t n = read_some(STDIN_FILENO, piece);
    if (n <= 0 || send_all(socket, piece.data(), static_cast<std::size_t>(n)) != 0) break;
  }
  ::shutdown(socket, SHUT_WR);
}

int pump_out(int socket) {
  std::array<char, piece_size> piece;
  int error = 0;
  for (;;) {
    const ssize_t n = read_some(socket, piece);
    if (n <= 0) break;
    error = write_all(STDOUT_FILENO, std::string_view(piece.data(), static_cast<std::size_t>(n)));
    if (error != 0) break;
  }
  if (error == 0) error = flush_errors(STDOUT_FILENO);
  // Closed for whoever reads it, and the number stays taken: the next file must not become standard output.
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null >= 0) ::dup2(null, STDOUT_FILENO);
  else ::close(STDOUT_FILENO);
  if (null >= 0) ::close(null);
  ::shutdown(socket, SHUT_RDWR);
  return error;
}

/// Our end of a pair of sockets whose other end the two threads serve.
class standard_stream final : public stream {
 public:
  standard_stream(stream_ptr inner, std::thread output) : inner_(std::move(inner)), output_(std::move(output)) {}
  ~standard_stream() override {
    inner_->close();
    // Ends because our end of the pair is closed; before that it writes what it was given.
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

struct standard_pair {
  stream_ptr ours;
  int theirs = -1;
};

standard_pair make_pair_on(const executor& ex) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) ends[0] = ends[1] = -1;
  stream_socket socket(ex, asio::generic::stream_protocol(AF_UNIX, 0), ends[0]);
  return {make_socket_stream(std::move(socket), "standard input and output"), ends[1]};
}

/// Reading standard input can block for ever, so nobody waits for its thread.
void start_reading(int theirs) {
  std::thread([theirs] { pump_in(theirs); }).detach();
}

}  // namespace

task<standard_streams> open_standard_stream() {
  const executor ex = co_await asio::this_coro::executor;
  standard_pair pair = make_pair_on(ex);
  auto error = std::make_shared<std::atomic<int>>(0);
  start_reading(pair.theirs);
  std::thread output([theirs = pair.theirs, error] { *error = pump_out(theirs); });
  co_return standard_streams{std::make_unique<standard_stream>(std::move(pair.ours), std::move(output)), std::move(error)};
}

task<stream_ptr> open_standard_input() {
  const executor ex = co_await asio::this_coro::executor;
  standard_pair pair = make_pair_on(ex);
  start_reading(pair.theirs);
  co_return std::move(pair.ours);
}

}  // namespace peelbox::transport
