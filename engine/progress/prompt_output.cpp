#include "engine/progress/prompt_output.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <string>

namespace peelbox::progress {
namespace {

constexpr int null_device_major = 1;
constexpr int null_device_minor = 3;
// Opening it anew makes another pseudo terminal (ptmx(4)).
constexpr int terminal_maker_major = 5;
constexpr int terminal_maker_minor = 2;

/// A write may raise SIGPIPE, which would end the program; EPIPE is answer enough. Removes only a signal of our own write.
class without_pipe_signal {
 public:
  without_pipe_signal() {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signal_, &before_);
  }
  ~without_pipe_signal() {
    if (sigismember(&before_, SIGPIPE) != 0) return;
    const int error = errno;
    const timespec at_once{};
    if (error == EPIPE) sigtimedwait(&signal_, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = error;
  }
  without_pipe_signal(const without_pipe_signal&) = delete;
  without_pipe_signal& operator=(const without_pipe_signal&) = delete;

 private:
  sigset_t signal_;
  sigset_t before_;
};

}  // namespace

prompt_output::prompt_output(int fd) : fd_(fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0) return;
  if (S_ISREG(about.st_mode)) way_ = way::file;
  if (S_ISSOCK(about.st_mode)) way_ = way::socket;
  if (!S_ISCHR(about.st_mode) && !S_ISFIFO(about.st_mode)) return;
  if (S_ISCHR(about.st_mode) && about.st_rdev == makedev(null_device_major, null_device_minor)) {
    way_ = way::file;
    return;
  }
  if (S_ISCHR(about.st_mode) && about.st_rdev == makedev(terminal_maker_major, terminal_maker_minor)) return;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const int own = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (own < 0) return;
  fd_ = own;
  way_ = way::own_description;
}

prompt_output::~prompt_output() {
  if (way_ == way::own_description) ::close(fd_);
}

std::optional<std::size_t> prompt_output::write(std::string_view bytes) {
  std::size_t written = 0;
  if (way_ == way::none) return written;
  std::optional<without_pipe_signal> quietly;
  if (way_ == way::own_description) quietly.emplace();
  while (written < bytes.size()) {
    const char* from = bytes.data() + written;
    const std::size_t size = bytes.size() - written;
    const ssize_t n = way_ == way::socket ? ::send(fd_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL) : ::write(fd_, from, size);
    if (n > 0) {
      written += static_cast<std::size_t>(n);
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return written;
    return std::nullopt;
  }
  return written;
}

}  // namespace peelbox::progress
