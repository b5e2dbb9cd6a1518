#include "transport/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace peelbox::transport {
namespace {

/// The destructor's patience: helpers end at once when their connection closes.
constexpr std::chrono::milliseconds short_patience{200};

/// Runs in the child between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* argv, child_descriptors use, int null, int report, int death_signal,
                         pid_t parent) {
  const int wanted[3] = {use.in < 0 ? null : use.in, use.out < 0 ? null : use.out, use.error < 0 ? null : use.error};
  int error = 0;
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, death_signal);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int s : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::signal(s, SIG_DFL);
  // Descriptors below 3 could be overwritten before they are used: lift them first.
  int lifted[3];
  for (int i = 0; i < 3; ++i) {
    lifted[i] = ::fcntl(wanted[i], F_DUPFD_CLOEXEC, 3);
    if (lifted[i] < 0) error = errno;
  }
  for (int i = 0; i < 3 && error == 0; ++i)
    if (::dup2(lifted[i], i) < 0) error = errno;
  if (error == 0) {
    ::execvp(argv[0], argv);
    error = errno;
  }
  [[maybe_unused]] const ssize_t told = ::write(report, &error, sizeof(error));
  ::_exit(127);
}

}  // namespace

child_process::child_process(child_process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), ended_(std::exchange(other.ended_, true)), status_(other.status_) {}

child_process& child_process::operator=(child_process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(ended_, other.ended_);
  std::swap(status_, other.status_);
  return *this;
}

child_process::~child_process() { stop(short_patience); }

result<child_process> child_process::start(const std::vector<std::string>& argv, child_descriptors use,
                                           int parent_death_signal) {
  std::vector<std::string> words = argv;
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  int report[2];
  if (::pipe2(report, O_CLOEXEC) != 0) return errno_failure(errno, "pipe");
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(pointers.data(), use, null, report[1], parent_death_signal, parent);
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
  if (got == pid_ || got < 0) ended_ = true;
  return ended_;
}

std::string child_process::end_text() const {
  if (WIFSIGNALED(status_)) return fmt::format("signal {}", WTERMSIG(status_));
  return fmt::format("exit code {}", WEXITSTATUS(status_));
}

void child_process::stop(std::chrono::milliseconds patience) noexcept {
  if (pid_ <= 0 || poll_ended()) return;
  ::kill(-pid_, SIGTERM);
#ifdef SYS_pidfd_open
  const int descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
#else
  const int descriptor = -1;
#endif
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!poll_ended()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
    if (left <= 0) break;
    pollfd exit{descriptor, POLLIN, 0};
    // Without pidfd (kernels before 5.3) it is looked at again and again.
    ::poll(&exit, descriptor >= 0 ? 1 : 0, static_cast<int>(descriptor >= 0 ? left : std::min<long>(left, 10)));
  }
  if (descriptor >= 0) ::close(descriptor);
  if (ended_) return;
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  ended_ = true;
}

}  // namespace peelbox::transport
