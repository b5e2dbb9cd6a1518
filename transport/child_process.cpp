#include "transport/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

namespace peelbox::transport {
namespace {

/// The destructor's patience. It is short, because helpers end when their connection closes.
constexpr std::chrono::milliseconds short_patience{200};

/// Closes descriptors, or with CLOSE_RANGE_CLOEXEC leaves them to exec (from Linux 5.9 and 5.11 on).
bool close_range_of(unsigned first, unsigned last, unsigned flags) {
#ifdef SYS_close_range
  return first > last || ::syscall(SYS_close_range, first, last, flags) == 0;
#else
  return first > last;
#endif
}

/// Closes every descriptor from 3 on but one.
void close_all_but(int keep) {
  const auto kept = static_cast<unsigned>(keep);
  if (close_range_of(3, kept - 1, 0) && close_range_of(kept + 1, ~0U, 0)) return;
  constexpr rlim_t most = 1 << 20;
  rlimit open_files{};
  const rlim_t count = ::getrlimit(RLIMIT_NOFILE, &open_files) == 0 ? std::min(open_files.rlim_cur, most) : most;
  for (int fd = 3; fd < static_cast<int>(count); ++fd)
    if (fd != keep) ::close(fd);
}

/// What we ignore, or our parent made us ignore, is no business of another program.
void default_signals() {
  for (int s = 1; s < NSIG; ++s) ::signal(s, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Runs in the child between fork and exec, so it only makes calls that are safe there.
[[noreturn]] void become(char* const* argv, child_descriptors use, int null, int report, int death_signal,
                         pid_t parent) {
  const int wanted[3] = {use.in < 0 ? null : use.in, use.out < 0 ? null : use.out, use.error < 0 ? null : use.error};
  int error = 0;
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, death_signal);
  if (::getppid() != parent) ::_exit(127);  // the parent died before the line above
  default_signals();
  // A descriptor below 3 could be overwritten before it is used, so it is moved up first.
  int lifted[3];
  for (int i = 0; i < 3; ++i) {
    lifted[i] = ::fcntl(wanted[i], F_DUPFD_CLOEXEC, 3);
    if (lifted[i] < 0) error = errno;
  }
  for (int i = 0; i < 3 && error == 0; ++i)
    if (::dup2(lifted[i], i) < 0) error = errno;
  // Ours are all close-on-exec already; this is for those that somebody gave us, and for libraries.
  (void)close_range_of(3, ~0U, CLOSE_RANGE_CLOEXEC);
  if (error == 0) {
    ::execvp(argv[0], argv);
    error = errno;
  }
  [[maybe_unused]] const ssize_t told = ::write(report, &error, sizeof(error));
  ::_exit(127);
}

/// Kills every child of this process, including those that it got because their parents had ended.
void kill_children() {
  char path[64] = "/proc/thread-self/children";
  const int list = ::open(path, O_RDONLY | O_CLOEXEC);
  char text[4096];
  const ssize_t size = list < 0 ? -1 : ::read(list, text, sizeof(text));
  if (list >= 0) ::close(list);
  pid_t pid = 0;
  for (ssize_t i = 0; i < size; ++i) {
    if (text[i] >= '0' && text[i] <= '9') {
      pid = pid * 10 + (text[i] - '0');
    } else {
      if (pid > 0) ::kill(pid, SIGKILL);
      pid = 0;
    }
  }
}

/// Runs in the child, without exec: starts the program as its own child, and ends when that has ended.
[[noreturn]] void guard(char* const* argv, child_descriptors use, int null, int report, int lifeline, int grace_ms) {
  ::setsid();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::signal(SIGCHLD, SIG_DFL);  // ignored, it would take the program's exit code away
  for (const int s : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::signal(s, SIG_IGN);
  const pid_t self = ::getpid();
  const pid_t program = ::fork();
  if (program == 0) become(argv, use, null, report, SIGTERM, self);
  if (program < 0) {
    const int error = errno;
    [[maybe_unused]] const ssize_t told = ::write(report, &error, sizeof(error));
    ::_exit(127);
  }
  // No descriptor may stay open here whose end others wait for, above all our end of the lifeline.
  for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
  close_all_but(lifeline);
  int status = 0;
  int left = -1;  // milliseconds until everything is killed; -1: nobody asked for the end
  bool program_ended = false;
  constexpr int tick = 20;
  for (;;) {
    pid_t got = 0;
    int one = 0;
    while ((got = ::waitpid(-1, &one, WNOHANG)) > 0)
      if (got == program) {
        status = one;
        program_ended = true;
        if (left < 0 || left > 1000) left = 1000;  // for processes that it has left behind
      }
    if (got < 0 && errno == ECHILD) break;
    if (left == 0) kill_children();
    pollfd ended{lifeline, POLLIN, 0};
    if (::poll(&ended, left < 0 ? 1 : 0, tick) > 0 && left < 0) {
      left = grace_ms;
      ::kill(-program, SIGTERM);
      ::kill(program, SIGTERM);
    }
    if (left > 0) left = left > tick ? left - tick : 0;
  }
  ::_exit(program_ended && WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

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
