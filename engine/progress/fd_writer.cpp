#include "engine/progress/fd_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

#include "engine/async/event.hpp"
#include "engine/progress/prompt_output.hpp"

namespace peelbox::progress {
namespace {

constexpr std::chrono::milliseconds grace{100};
// After poll() a pipe has room for this much (POSIX: PIPE_BUF). For outputs that do not say how much they take.
constexpr std::size_t piece = 4096;

}  // namespace

struct fd_writer::shared {
  shared(executor e, int descriptor) : ex(e), drained(e), fd(descriptor), prompt(descriptor) {}
  ~shared() {
    for (const int end : wake) {
      if (end >= 0) ::close(end);
    }
  }

  executor ex;
  event drained;  // network thread only
  const int fd;
  prompt_output prompt;    // the writing thread's while something is unwritten, else the network thread's
  int wake[2] = {-1, -1};  // interrupts poll()

  std::mutex lock;
  std::condition_variable changed;
  std::string queue;          // for the thread to take
  std::size_t unwritten = 0;  // with what the thread has taken
  std::size_t notify_below = 0;  // with somebody_waits
  bool somebody_waits = false;
  bool started = false;    // the thread
  bool last = false;       // nothing more comes
  bool abandoned = false;  // leave at once, touch no executor
  bool gone = false;
  int error = 0;  // why
  bool ended = false;
};

fd_writer::fd_writer(executor ex, int fd) : state_(std::make_shared<shared>(std::move(ex), fd)) {
}

fd_writer::~fd_writer() {
  std::unique_lock hold(state_->lock);
  if (!state_->started) return;
  state_->last = true;
  state_->changed.notify_all();
  state_->changed.wait_for(hold, grace, [this] { return state_->ended; });
  state_->abandoned = true;
  state_->changed.notify_all();
  if (state_->wake[1] >= 0) [[maybe_unused]] const auto ignored = ::write(state_->wake[1], "x", 1);
}

void fd_writer::write(std::string& bytes) {
  if (bytes.empty()) return;
  const std::lock_guard hold(state_->lock);
  std::string_view left = bytes;
  if (!state_->gone && state_->unwritten == 0) {
    const std::optional<std::size_t> written = state_->prompt.write(bytes);
    state_->gone = !written;
    if (!written) state_->error = errno;
    left.remove_prefix(written.value_or(0));
  }
  if (state_->gone) left = {};
  state_->queue.append(left);
  state_->unwritten += left.size();
  bytes.clear();
  if (left.empty()) return;
  if (!state_->started) {
    state_->started = true;
    if (::pipe2(state_->wake, O_CLOEXEC | O_NONBLOCK) != 0) state_->wake[0] = state_->wake[1] = -1;
    std::thread(&fd_writer::work, state_).detach();
    return;
  }
  state_->changed.notify_all();
}

std::size_t fd_writer::unwritten() const {
  const std::lock_guard hold(state_->lock);
  return state_->unwritten;
}

bool fd_writer::gone() const {
  const std::lock_guard hold(state_->lock);
  return state_->gone;
}

int fd_writer::error() const {
  const std::lock_guard hold(state_->lock);
  return state_->error;
}

task<bool> fd_writer::drained_to(std::size_t bytes, std::chrono::steady_clock::duration limit) {
  const std::shared_ptr<shared> state = state_;
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    {
      const std::lock_guard hold(state->lock);
      if (state->unwritten <= bytes) {
        state->somebody_waits = false;
        co_return true;
      }
      state->somebody_waits = true;
      state->notify_below = bytes;
    }
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) co_return false;
    co_await state->drained.wait_for(left);
  }
}

// How many bytes were written; std::nullopt when the output takes no more.
std::optional<std::size_t> fd_writer::write_polled(shared& state, std::string_view bytes) {
  const std::optional<std::size_t> at_once = state.prompt.write(bytes);
  if (!at_once || *at_once > 0) return at_once;
  const ssize_t n = ::write(state.fd, bytes.data(), std::min(piece, bytes.size()));
  if (n >= 0) return static_cast<std::size_t>(n);
  if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) return 0;
  return std::nullopt;
}

void fd_writer::work(std::shared_ptr<shared> state) {
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);  // EPIPE instead

  std::string taken;
  std::size_t at = 0;
  for (;;) {
    {
      std::unique_lock hold(state->lock);
      if (state->somebody_waits && state->unwritten <= state->notify_below && !state->abandoned) {
        state->somebody_waits = false;
        boost::asio::post(state->ex, [state] { state->drained.notify(); });
      }
      if (at == taken.size()) {
        taken.clear();
        at = 0;
        state->changed.wait(hold, [&] { return !state->queue.empty() || state->last || state->abandoned; });
        std::swap(taken, state->queue);
      }
      if (state->abandoned || taken.empty()) break;
    }
    pollfd both[2] = {{state->fd, POLLOUT, 0}, {state->wake[0], POLLIN, 0}};
    if (::poll(both, 2, -1) < 0 && errno != EINTR) both[0].revents = POLLOUT;
    if (both[1].revents != 0) break;
    if (both[0].revents == 0) continue;
    const std::optional<std::size_t> written = write_polled(*state, std::string_view(taken).substr(at));
    const int error = errno;
    at += written.value_or(0);
    const std::lock_guard hold(state->lock);
    state->unwritten -= written.value_or(0);
    if (!written) {
      state->gone = true;
      state->error = error;
      state->unwritten = 0;
      state->queue.clear();
      taken.clear();
      at = 0;
    }
  }
  const std::lock_guard hold(state->lock);
  state->ended = true;
  state->changed.notify_all();
}

}  // namespace peelbox::progress
