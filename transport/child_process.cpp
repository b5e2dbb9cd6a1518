#include "transport/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "transport/guardian.hpp"

namespace peelbox::transport {
namespace {

/// The destructor's patience. It is short, because helpers end when their connection closes.
constexpr std::chrono::milliseconds short_patience{200};

}  // namespace

child_process::child_process(child_process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), ended_(std::exchange(other.ended_, true)), told_(other.told_),
      status_(other.status_), exit_(std::move(other.exit_)), lifeline_(std::exchange(other.lifeline_, -1)) {}

child_process& child_process::operator=(child_process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(ended_, other.ended_);
  std::swap(told_, other.told_);
  std::swap(status_, other.status_);
  std::swap(exit_, other.exit_);
  std::swap(lifeline_, other.lifeline_);
  return *this;
}

child_process::~child_process() {
  stop(short_patience);
  if (lifeline_ >= 0) ::close(lifeline_);
}

result<child_process> child_process::start(const std::vector<std::string>& argv, child_descriptors use,
                                           int parent_death_signal) {
  return start_in(argv, [&](char* const* words, int null, int report, pid_t parent) {
    become(words, use, null, report, parent_death_signal, parent);
  });
}

result<child_process> child_process::start_guarded(const std::vector<std::string>& argv, child_descriptors use,
                                                   std::chrono::milliseconds grace) {
  int line[2];
  if (::pipe2(line, O_CLOEXEC) != 0) return errno_failure(errno, "pipe");
  auto child = start_in(argv, [&](char* const* words, int null, int report, pid_t) {
    guard(words, use, null, report, line[0], static_cast<int>(grace.count()));
  });
  ::close(line[0]);
  if (child.has_error()) ::close(line[1]);
  else child->lifeline_ = line[1];
  return child;
}

template <class Become>
result<child_process> child_process::start_in(const std::vector<std::string>& argv, Become in_child) {
  std::vector<std::string> words = argv;
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return errno_failure(errno, "pipe");
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) in_child(pointers.data(), null, report[1], parent);
  const int fork_error = errno;
  ::close(report[1]);
  if (null >= 0) ::close(null);
  if (pid < 0) {
    ::close(report[0]);
    return errno_failure(fork_error, "cannot start " + argv[0]);
  }
  child_process child;
  child.pid_ = pid;
  child.ended_ = false;
#ifdef SYS_pidfd_open
  child.exit_ = unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
#endif
  int error = 0;
  ssize_t got = 0;
  do got = ::read(report[0], &error, sizeof(error));
  while (got < 0 && errno == EINTR);
  ::close(report[0]);
  if (got == static_cast<ssize_t>(sizeof(error))) {
    if (error == ENOENT)
      return failure(errc::not_found, fmt::format("the program {} is not installed (not found in PATH)", argv[0]),
                     origin::user);
    return errno_failure(error, "cannot start " + argv[0]);
  }
  return child;
}

bool child_process::poll_ended() {
  if (ended_) return true;
  pid_t got = -1;
  do got = ::waitpid(pid_, &status_, WNOHANG);
  while (got < 0 && errno == EINTR);
  if (got == pid_) told_ = true;
  if (got != 0) ended_ = true;  // ECHILD: it has ended, and somebody else was told how
  return ended_;
}

std::string child_process::end_text() const {
  if (!told_) return "an exit code that nobody was told (SIGCHLD is ignored in this process)";
  if (WIFSIGNALED(status_)) return fmt::format("signal {}", WTERMSIG(status_));
  return fmt::format("exit code {}", WEXITSTATUS(status_));
}

void child_process::stop(std::chrono::milliseconds patience) noexcept {
  if (pid_ <= 0 || poll_ended()) return;
  if (lifeline_ >= 0) {
    ::close(lifeline_);
    lifeline_ = -1;
  } else {
    ::kill(-pid_, SIGTERM);
  }
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!poll_ended()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) break;
    pollfd exit{exit_.get(), POLLIN, 0};
    // Without pidfd (kernels before 5.3) it is polled.
    ::poll(&exit, exit_ ? 1 : 0, static_cast<int>(exit_ ? left : std::min<long>(left, 10)));
  }
  if (ended_) return;
  ::kill(-pid_, SIGKILL);
  pid_t got = -1;
  do got = ::waitpid(pid_, &status_, 0);
  while (got < 0 && errno == EINTR);
  told_ = got == pid_;
  ended_ = true;
}

}  // namespace peelbox::transport
