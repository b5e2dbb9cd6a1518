#include "transport/process_stream.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "engine/async/event.hpp"
#include "transport/child_process.hpp"
#include "transport/socket_stream.hpp"
#include "transport/stdcopy_stream.hpp"

namespace peelbox::transport {
namespace {

using namespace std::chrono_literals;

/// How long after the end of its output a program may take to exit; then the end is reported without its exit code.
constexpr int exit_checks = 100;
constexpr auto exit_pause = 20ms;

class process_stream final : public stream {
 public:
  process_stream(stream_ptr inner, child_process child, int errors, std::string program, std::string name, executor ex)
      : inner_(std::move(inner)), child_(std::move(child)), errors_(errors), program_(std::move(program)),
        name_(std::move(name)), never_(std::move(ex)) {}
  ~process_stream() override {
    inner_->close();
    if (errors_ >= 0) ::close(errors_);
  }

  task<result<byte_view>> read() override {
    result<byte_view> got = co_await inner_->read();
    drain_errors();
    if (got.has_value() && !got->empty()) co_return got;
    if (got.has_error() && got.error().code == errc::cancelled) co_return got;
    for (int i = 0; i < exit_checks && !child_.poll_ended(); ++i)
      if (co_await never_.wait_for(exit_pause) == wake::cancelled) break;
    co_return end();
  }
  task<result<void>> write(byte_chain bytes) override {
    result<void> sent = co_await inner_->write(std::move(bytes));
    drain_errors();
    co_return sent;
  }
  task<result<void>> shutdown_write() override { return inner_->shutdown_write(); }
  void close() noexcept override {
    inner_->close();
    child_.stop(200ms);
  }
  std::string describe() const override { return name_; }

 private:
  /// The pipe is non-blocking; a chatty program is drained whenever its stream is used.
  void drain_errors() {
    std::array<char, 4096> part;
    for (int i = 0; i < 64; ++i) {
      const ssize_t n = ::read(errors_, part.data(), part.size());
      if (n <= 0) return;
      tail_.append(std::string_view(part.data(), static_cast<std::size_t>(n)));
    }
  }

  result<byte_view> end() {
    drain_errors();
    const bool ended = child_.poll_ended();
    if (ended && child_.succeeded() && tail_.empty()) return byte_view();
    std::string text = fmt::format("{}: {} {}", name_, program_,
                                   ended ? "ended with " + child_.end_text() : "closed its output");
    if (!tail_.empty()) text += ": " + tail_.text();
    return failure(errc::connection, std::move(text), origin::peer);
  }

  stream_ptr inner_;
  child_process child_;
  int errors_;
  std::string program_;
  std::string name_;
  stderr_tail tail_;
  event never_;
};

}  // namespace

task<result<stream_ptr>> start_process_stream(std::vector<std::string> argv, std::string name) {
  const executor ex = co_await asio::this_coro::executor;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    co_return errno_failure(errno, name + ": socketpair");
  // Ours first, so that it is closed on every path.
  stream_ptr ours = make_socket_stream(stream_socket(ex, asio::generic::stream_protocol(AF_UNIX, 0), ends[0]), name);
  int errors[2];
  if (::pipe2(errors, O_CLOEXEC) != 0) {
    const int error = errno;
    ::close(ends[1]);
    co_return errno_failure(error, name + ": pipe");
  }
  result<child_process> child = child_process::start(argv, {ends[1], ends[1], errors[1]}, SIGTERM);
  ::close(ends[1]);
  ::close(errors[1]);
  if (child.has_error()) {
    ::close(errors[0]);
    co_return child.error().in(name);
  }
  ::fcntl(errors[0], F_SETFL, O_NONBLOCK);
  co_return stream_ptr(std::make_unique<process_stream>(std::move(ours), std::move(*child), errors[0], argv[0],
                                                        std::move(name), ex));
}

}  // namespace peelbox::transport
