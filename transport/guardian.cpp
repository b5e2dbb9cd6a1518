#include "transport/guardian.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "engine/async/ascii.hpp"

namespace peelbox::transport {
namespace {

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

/// Kills every child of this process, including those that it got because their parents had ended.
void kill_children() {
  char path[64] = "/proc/thread-self/children";
  const int list = ::open(path, O_RDONLY | O_CLOEXEC);
  char text[4096];
  const ssize_t size = list < 0 ? -1 : ::read(list, text, sizeof(text));
  if (list >= 0) ::close(list);
  pid_t pid = 0;
  for (ssize_t i = 0; i < size; ++i) {
    if (is_digit(text[i])) {
      pid = pid * 10 + (text[i] - '0');
    } else {
      if (pid > 0) ::kill(pid, SIGKILL);
      pid = 0;
    }
  }
}

}  // namespace

void guard(char* const* argv, child_descriptors use, int null, int report, int lifeline, int grace_ms) {
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

}  // namespace peelbox::transport
