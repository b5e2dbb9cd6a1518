#include "transport/become.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

namespace peelbox::transport {
namespace {

/// What we ignore, or our parent made us ignore, is no business of another program.
void default_signals() {
  for (int s = 1; s < NSIG; ++s) ::signal(s, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace

bool close_range_of(unsigned first, unsigned last, unsigned flags) {
#ifdef SYS_close_range
  return first > last || ::syscall(SYS_close_range, first, last, flags) == 0;
#else
  return first > last;
#endif
}

void become(char* const* argv, child_descriptors use, int null, int report, int death_signal, pid_t parent) {
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

}  // namespace peelbox::transport
