#include "engine/progress/terminal_guard.hpp"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace peelbox::progress {
namespace {

constexpr char hide_cursor[] = "\x1b[?25l";
constexpr char show_cursor[] = "\x1b[?7h\x1b[?25h\x1b[0m";

// Written before `guarded` is set, read by signal handlers while it is.
struct saved_terminal {
  int fd = -1;
  bool settings_known = false;
  termios settings{};
};
saved_terminal saved;
std::atomic<bool> guarded{false};
std::atomic<bool> returned{false};

struct handled_signal {
  int number;
  bool ours = false;
  struct sigaction before {};
};
// SIGINT and SIGTERM belong to the program; when it does not take them they are deadly too.
std::array<handled_signal, 10> deadly{{{SIGSEGV}, {SIGBUS}, {SIGFPE}, {SIGILL}, {SIGABRT}, {SIGQUIT}, {SIGHUP}, {SIGXCPU},
                                       {SIGINT}, {SIGTERM}}};

void put(const char* text, std::size_t size) noexcept {
  [[maybe_unused]] const ssize_t written = ::write(saved.fd, text, size);
}

// In the background tcsetattr() would stop us with SIGTTOU, and the settings belong to another job.
bool in_foreground() noexcept { return ::tcgetpgrp(saved.fd) == ::getpgrp(); }

void change_settings(tcflag_t no_output_flags) noexcept {
  if (!saved.settings_known || !in_foreground()) return;
  termios quiet = saved.settings;
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  quiet.c_oflag &= ~no_output_flags;
  ::tcsetattr(saved.fd, TCSANOW, &quiet);
}

void apply() noexcept {
  change_settings(0);
  put(hide_cursor, sizeof hide_cursor - 1);
}

void undo() noexcept {
  put(show_cursor, sizeof show_cursor - 1);
  if (saved.settings_known && in_foreground()) ::tcsetattr(saved.fd, TCSANOW, &saved.settings);
}

void on_deadly(int number) {
  restore_terminal();
  for (handled_signal& s : deadly) {
    if (s.number == number) ::sigaction(number, &s.before, nullptr);
  }
  // Delivered when this handler returns, to the handler that was there before ours.
  ::raise(number);
}

void on_stop(int) {
  const bool was = guarded.load();
  if (was) undo();
  ::raise(SIGSTOP);
  if (!was || !guarded.load()) return;
  apply();
  returned.store(true);
}

struct sigaction stop_before {};

}  // namespace

void restore_terminal() noexcept {
  if (guarded.exchange(false)) undo();
}

terminal_guard::terminal_guard(int fd) {
  if (::isatty(fd) != 1 || guarded.load()) return;
  active_ = true;
  saved.fd = fd;
  saved.settings_known = ::tcgetattr(fd, &saved.settings) == 0;
  returned.store(false);
  guarded.store(true);
  struct sigaction action {};
  action.sa_handler = on_deadly;
  sigemptyset(&action.sa_mask);
  for (handled_signal& s : deadly) {
    ::sigaction(s.number, nullptr, &s.before);
    const bool taken = (s.before.sa_flags & SA_SIGINFO) != 0 || s.before.sa_handler != SIG_DFL;
    // A crash handler (of a sanitizer) is called after ours; any other handler does not end the program.
    const bool crash = s.number == SIGSEGV || s.number == SIGBUS || s.number == SIGFPE || s.number == SIGILL ||
                       s.number == SIGABRT;
    s.ours = !taken || crash;
    if (s.ours) ::sigaction(s.number, &action, nullptr);
  }
  action.sa_handler = on_stop;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGTSTP, &action, &stop_before);
  apply();
}

terminal_guard::~terminal_guard() {
  if (!active_) return;
  restore_terminal();
  for (handled_signal& s : deadly) {
    if (s.ours) ::sigaction(s.number, &s.before, nullptr);
  }
  ::sigaction(SIGTSTP, &stop_before, nullptr);
}

void terminal_guard::lines_are_whole() noexcept {
  if (active_ && guarded.load()) change_settings(ONLCR);
}

bool terminal_guard::came_back() noexcept { return active_ && returned.exchange(false); }

}  // namespace peelbox::progress
