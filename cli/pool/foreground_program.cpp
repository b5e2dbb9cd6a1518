#include "cli/pool/foreground_program.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <memory>
#include <string_view>

#include "transport/become.hpp"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

namespace peelbox::cli::pool {

namespace {

/// Between fork and exec: only calls that are safe there.
[[noreturn]] void become(char* const* argv, char* const* variables, int report, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);
  for (int s = 1; s < NSIG; ++s) ::signal(s, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (!transport::close_range_of(3, ~0U, CLOSE_RANGE_CLOEXEC))
    for (int fd = 3; fd < 1024; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::execvpe(argv[0], argv, variables);
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(report, &error, sizeof error);
  ::_exit(127);
}

int code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

/// Ctrl-C at a terminal went to the whole group in the foreground.
bool terminal_sent(int number) { return number == SIGINT && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp(); }

}  // namespace

result<foreground_program> foreground_program::start(const std::vector<std::string>& argv,
                                                     const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<std::string> texts = argv;
  std::vector<std::string> added;
  for (const auto& [name, value] : variables) added.push_back(name + "=" + value);
  std::vector<char*> words, environment;
  for (std::string& word : texts) words.push_back(word.data());
  words.push_back(nullptr);
  for (char** one = environ; *one != nullptr; ++one) {
    bool replaced = false;
    for (const auto& [name, value] : variables) replaced = replaced || std::string_view(*one).starts_with(name + "=");
    if (!replaced) environment.push_back(*one);
  }
  for (std::string& one : added) environment.push_back(one.data());
  environment.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_failure(errno, "pipe");
  const unique_fd told(ends[0]);
  unique_fd report(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return errno_failure(errno, "fork");
  if (pid == 0) become(words.data(), environment.data(), report.get(), parent);
  report.reset();
  int error = 0;
  if (::read(told.get(), &error, sizeof error) == sizeof error) {
    ::waitpid(pid, nullptr, 0);
    failure why = errno_failure(error, fmt::format("cannot start {}", argv.front()));
    why.who = origin::user;
    return why;
  }
  unique_fd ended(int(::syscall(SYS_pidfd_open, pid, 0)));
  const int why = errno;
  foreground_program made(pid, std::move(ended));
  if (!made.ended_) return errno_failure(why, "pidfd_open");
  return made;
}

foreground_program::foreground_program(foreground_program&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), ended_(std::move(other.ended_)) {}

foreground_program::~foreground_program() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

task<int> foreground_program::wait() {
  const executor ex = co_await asio::this_coro::executor;
  asio::signal_set signals(ex, SIGINT, SIGTERM, SIGHUP);
  struct passing {
    asio::signal_set& on;
    pid_t pid;
    void next() {
      on.async_wait([this](const boost::system::error_code& error, int number) {
        if (error) return;
        if (!terminal_sent(number)) ::kill(pid, number);
        next();
      });
    }
  };
  auto pass = std::make_unique<passing>(passing{signals, pid_});
  pass->next();
  asio::posix::stream_descriptor ended(ex, ended_.get());
  boost::system::error_code error;
  auto waiting = ended.async_wait(asio::posix::descriptor_base::wait_read, asio::redirect_error(asio::use_awaitable, error));
  co_await std::move(waiting);
  ended.release();
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  signals.cancel();
  // Its handler has to run before what it refers to goes.
  co_await asio::post(ex, asio::use_awaitable);
  co_return code_of(status);
}

}  // namespace peelbox::cli::pool
