#include "transport/process_stream.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <csignal>
#include <random>
#include <utility>

#include "engine/async/event.hpp"
#include "engine/async/timeout.hpp"
#include "engine/async/unique_fd.hpp"
#include "transport/child_process.hpp"
#include "transport/helper_advice.hpp"
#include "transport/socket_stream.hpp"
#include "transport/stderr_tail.hpp"

namespace peelbox::transport {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// How long a program may take to exit after the end of its output. After that the end is reported without an exit code.
constexpr int exit_checks = 100;
constexpr auto exit_pause = 20ms;
/// What is kept to be written again. It fits a socket's buffer, so that writing it never waits.
constexpr std::size_t most_kept = 64 << 10;

/// Reads a program's stderr as it comes, whatever its stream is doing: a program whose complaints nobody takes stops.
class error_output : public std::enable_shared_from_this<error_output> {
 public:
  error_output(const executor& ex, int fd) : descriptor_(ex, fd) {}
  void run() {
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [self = shared_from_this()](const boost::system::error_code& error) {
                             if (!error && self->take()) self->run();
                           });
  }
  /// False: its other end is closed.
  bool take() {
    std::array<char, 4096> part;
    // A flood must not keep us here.
    for (int i = 0; i < 64 && descriptor_.is_open(); ++i) {
      const ssize_t n = ::read(descriptor_.native_handle(), part.data(), part.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return n < 0 && errno == EAGAIN;
      tail_.append(std::string_view(part.data(), static_cast<std::size_t>(n)));
    }
    return descriptor_.is_open();
  }
  void close() {
    boost::system::error_code ignored;
    descriptor_.close(ignored);
  }
  std::string text() const { return tail_.text(); }

 private:
  asio::posix::stream_descriptor descriptor_;
  stderr_tail tail_;
};

/// The program, started once.
struct process {
  stream_ptr bytes;
  std::shared_ptr<error_output> errors;
  child_process child;

  ~process() {
    if (errors) errors->close();
  }
};
using process_ptr = std::shared_ptr<process>;

result<process_ptr> start(const executor& ex, const std::vector<std::string>& argv, const std::string& name) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return errno_failure(errno, name + ": socketpair");
  const unique_fd theirs(ends[1]);
  auto one = std::make_shared<process>();
  one->bytes = make_socket_stream(stream_socket(ex, asio::generic::stream_protocol(AF_UNIX, 0), ends[0]), name);
  int errors[2];
  if (::pipe2(errors, O_CLOEXEC) != 0) return errno_failure(errno, name + ": pipe");
  const unique_fd their_errors(errors[1]);
  ::fcntl(errors[0], F_SETFL, O_NONBLOCK);
  one->errors = std::make_shared<error_output>(ex, errors[0]);
  result<child_process> child = child_process::start(argv, {theirs.get(), theirs.get(), their_errors.get()}, SIGTERM);
  if (child.has_error()) return child.error().in(name);
  one->child = std::move(*child);
  one->errors->run();
  return one;
}

class process_stream final : public stream {
 public:
  process_stream(const executor& ex, process_ptr first, std::vector<std::string> argv, std::string name,
                 process_rules rules, dial_gate::pass pass)
      : process_(std::move(first)), argv_(std::move(argv)), name_(std::move(name)), rules_(rules),
        pass_(std::move(pass)), closed_event_(ex) {}
  ~process_stream() override { close(); }

  task<result<byte_view>> read() override {
    if (answered_) return read_on();
    return read_first();
  }

  task<result<void>> write(byte_chain bytes) override {
    if (closed_) co_return closed_failure();
    if (!answered_) keep(bytes);
    if (starting_again_) co_return result<void>();
    const process_ptr on = process_;
    result<void> sent = co_await on->bytes->write(std::move(bytes));
    // The reader knows why the program has gone, or starts it again.
    if (sent.has_error() && sent.error().code == errc::connection && can_start_again()) co_return result<void>();
    co_return sent;
  }

  task<result<void>> shutdown_write() override {
    if (closed_) co_return closed_failure();
    write_ended_ = true;
    if (starting_again_) co_return result<void>();
    const process_ptr on = process_;
    co_return co_await on->bytes->shutdown_write();
  }

  void close() noexcept override {
    if (std::exchange(closed_, true)) return;
    pass_.leave();
    process_->bytes->close();
    process_->child.stop(200ms);
    process_->errors->close();
    closed_event_.notify();
  }

  std::string describe() const override { return name_; }

 private:
  task<result<byte_view>> read_on() {
    const process_ptr on = process_;
    result<byte_view> got = co_await on->bytes->read();
    if (got.has_value() && !got->empty()) co_return got;
    if (got.has_error() && got.error().code == errc::cancelled) co_return got;
    co_await await_exit(on);
    co_return closed_ ? result<byte_view>(closed_failure()) : end();
  }

  /// Until the other side has said something, being turned away is not the end.
  task<result<byte_view>> read_first() {
    const auto until = clock::now() + rules_.patience;
    for (;;) {
      const process_ptr on = process_;
      auto reading = on->bytes->read();
      const clock::duration left = std::max(until - clock::now(), clock::duration(0));
      std::string late;
      result<byte_view> got = co_await with_timeout(std::move(reading), left, std::move(late));
      if (got.has_error() && got.error().code == errc::timed_out) co_return silent();
      if (got.has_error() && got.error().code == errc::cancelled) co_return got;
      if (got.has_value() && !got->empty()) {
        answered_ = true;
        pass_.leave();
        kept_.clear();
        co_return got;
      }
      co_await await_exit(on);
      if (closed_) co_return closed_failure();
      on->errors->take();
      const bool again = starts_ < rules_.most_starts && can_start_again() && clock::now() < until &&
                         was_turned_away(argv_.front(), on->errors->text());
      if (!again) {
        pass_.leave();
        co_return end();
      }
      pass_.narrow_gate();
      result<void> started = co_await start_again();
      if (started.has_error()) co_return started.error();
    }
  }

  task<result<void>> start_again() {
    starting_again_ = true;
    // Programs that were turned away together shall not come back together.
    const auto pause = rules_.first_pause * (1 << (starts_ - 1));
    static thread_local std::minstd_rand random{std::random_device{}()};
    const auto part = std::uniform_real_distribution<double>(0.5, 1.0)(random);
    const auto wait = std::chrono::duration_cast<clock::duration>(pause * part);
    if (co_await closed_event_.wait_for(wait) == wake::cancelled)
      throw boost::system::system_error(asio::error::operation_aborted);
    if (closed_) co_return closed_failure();
    const executor ex = co_await asio::this_coro::executor;
    result<process_ptr> next = start(ex, argv_, name_);
    if (next.has_error()) co_return next.error();
    ++starts_;
    process_ = std::move(*next);
    const process_ptr on = process_;
    // Writers only add to what is kept until all of it has been written.
    std::size_t done = 0;
    while (done < kept_.size()) {
      byte_chain chain;
      for (; done < kept_.size(); ++done) chain.append(kept_[done]);
      (void)co_await on->bytes->write(std::move(chain));  // the reader learns of a failure
      if (closed_) co_return closed_failure();
    }
    starting_again_ = false;
    if (write_ended_) (void)co_await on->bytes->shutdown_write();
    co_return result<void>();
  }

  task<void> await_exit(process_ptr on) {
    for (int i = 0; i < exit_checks && !closed_ && !on->child.poll_ended(); ++i)
      if (co_await closed_event_.wait_for(exit_pause) == wake::cancelled)
        throw boost::system::system_error(asio::error::operation_aborted);
  }

  void keep(const byte_chain& bytes) {
    kept_size_ += bytes.size();
    if (kept_size_ > most_kept) kept_.clear();
    else kept_.insert(kept_.end(), bytes.slices().begin(), bytes.slices().end());
  }
  bool can_start_again() const noexcept { return !answered_ && kept_size_ <= most_kept; }

  result<byte_view> end() {
    process& on = *process_;
    on.errors->take();
    const bool ended = on.child.poll_ended();
    const std::string words = on.errors->text();
    if (ended && on.child.succeeded() && (words.empty() || !rules_.words_are_failure)) return byte_view();
    return failure(errc::connection,
                   explained(fmt::format("{} {}", argv_.front(),
                                         ended ? "ended with " + on.child.end_text() : "closed its output"),
                             words),
                   origin::peer);
  }

  failure silent() {
    process_->errors->take();
    return failure(errc::timed_out,
                   explained(fmt::format("{} has connected us to nothing within {} s: does it wait for somebody, or does "
                                         "the other end hang?",
                                         argv_.front(), std::chrono::ceil<std::chrono::seconds>(rules_.patience).count()),
                             process_->errors->text()),
                   origin::peer);
  }

  std::string explained(std::string what, const std::string& words) const {
    std::string text = fmt::format("{}: {}", name_, what);
    if (starts_ > 1) text += fmt::format(" (started {} times)", starts_);
    if (!words.empty()) text += (text.ends_with('?') ? " " : ": ") + words;
    if (answered_) return text;
    if (const std::string advice = helper_advice(argv_.front(), words, name_); !advice.empty()) text += "\n" + advice;
    return text;
  }

  failure closed_failure() const {
    return failure(errc::cancelled, name_ + ": the connection was closed on our side", origin::us);
  }

  process_ptr process_;
  std::vector<std::string> argv_;
  std::string name_;
  process_rules rules_;
  dial_gate::pass pass_;
  event closed_event_;
  unsigned starts_ = 1;
  bool answered_ = false;
  bool starting_again_ = false;
  bool write_ended_ = false;
  bool closed_ = false;
  std::vector<byte_slice> kept_;
  std::size_t kept_size_ = 0;
};

}  // namespace

task<result<stream_ptr>> start_process_stream(std::vector<std::string> argv, std::string name, process_rules rules) {
  dial_gate::pass pass = co_await dial_gate::enter(rules.gate);
  const executor ex = co_await asio::this_coro::executor;
  result<process_ptr> first = start(ex, argv, name);
  if (first.has_error()) co_return first.error();
  co_return stream_ptr(std::make_unique<process_stream>(ex, std::move(*first), std::move(argv), std::move(name),
                                                        std::move(rules), std::move(pass)));
}

}  // namespace peelbox::transport
