#include "engine/progress/display.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <termios.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <thread>

#include "engine/progress/terminal.hpp"
#include "tests/support/pseudo_terminal.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/engine/progress/script.hpp"

namespace peelbox::progress {
namespace {

using namespace std::chrono_literals;

// Everything until the other end is closed.
std::string all_of(int fd) {
  std::string text;
  char buffer[65536];
  for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  return text;
}

struct pipe_pair {
  int read = -1;
  int write = -1;
  pipe_pair() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    read = ends[0];
    write = ends[1];
  }
  ~pipe_pair() {
    close_read();
    close_write();
  }
  void close_read() { close_end(read); }
  void close_write() { close_end(write); }
  static void close_end(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  std::string all() {
    close_write();
    return all_of(read);
  }
};

batch events_of(const std::string& script) { return test::parse_script(script).at(0).events; }

task<void> feed(event_sink& to, std::vector<batch> all) {
  const closes_sink close_at_end(to);
  const executor ex = co_await asio::this_coro::executor;
  co_await asio::post(ex, asio::use_awaitable);  // when the display already runs
  for (batch& b : all) co_await to.push(std::move(b));
}

// Both in one coroutine, so that everything outlives everything.
task<void> show(display& d, std::vector<batch> all) {
  const executor ex = co_await asio::this_coro::executor;
  bool fed = false;
  asio::co_spawn(ex, feed(d, std::move(all)), [&](std::exception_ptr) { fed = true; });
  co_await d.run();
  while (!fed) co_await asio::post(ex, asio::use_awaitable);  // everything is taken; its coroutine ends in a moment
}

std::unique_ptr<display> display_on(int fd, mode how, display_options options = {}) {
  options.fd = fd;
  options.how = how;
  auto made = display::make(options);
  return std::move(*made);
}

TEST(Display, WritesTheWholeBuildAndKeepsThePicture) {
  pipe_pair out;
  auto d = display_on(out.write, mode::automatic);  // a pipe is no terminal: plain
  peelbox::test::run_task(show(*d, {events_of("@0\nv a|name=RUN x|started=0\nl a|0|hello\\n\n"),
                           events_of("@0\nv a|name=RUN x|started=0|completed=0|error=exit code: 1\n")}));
  const std::string text = out.all();
  EXPECT_NE(text.find("#1 RUN x\n#1 0.000 hello\n#1 ERROR: exit code: 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("------\n > RUN x:\n0.000 hello\n------\n"), std::string::npos) << text;
  EXPECT_EQ(d->picture().find("a")->state, step_state::failed);
  EXPECT_TRUE(d->shows_error_blocks());
}

TEST(Display, WhatIsTakenBeforeItRunsIsShownAndNothingAfterItsEnd) {
  pipe_pair out;
  auto d = display_on(out.write, mode::plain);
  EXPECT_TRUE(d->take(events_of("@0\nv a|name=A|started=0\n")));
  d->close();
  EXPECT_FALSE(d->take(events_of("@0\nv b|name=B|started=0\n")));
  peelbox::test::run_task(d->run());
  EXPECT_FALSE(peelbox::test::run_task(d->push(events_of("@0\nv c|name=C|started=0\n"))));
  const std::string text = out.all();
  EXPECT_NE(text.find("#1 A\n"), std::string::npos) << text;
  EXPECT_NE(text.find("#1 INCOMPLETE"), std::string::npos) << text;
  EXPECT_EQ(text.find("#2"), std::string::npos) << text;
}

TEST(Display, AClosedOutputDoesNotStopTheEvents) {
  pipe_pair out;
  out.close_read();
  auto d = display_on(out.write, mode::plain);
  std::vector<batch> many(50, events_of("@0\nv a|name=A|started=0\nrepeat 2000 l a|0|a line of output that nobody reads\\n\n"));
  many.push_back(events_of("@1\nv a|name=A|started=0|completed=1\n"));
  peelbox::test::run_task(show(*d, std::move(many)));
  EXPECT_EQ(d->picture().find("a")->state, step_state::done) << "all events were taken";
  EXPECT_EQ(d->write_error(), EPIPE);
}

// A display that shows no lines skips most of a large log, but not for a listener that keeps them.
TEST(Display, AListenerGetsEveryLineInAnyMode) {
  struct counter final : listener {
    void update(const batch&, const trace& picture, wall_time) override { lines += picture.lines().size(); }
    void finish(const trace&, wall_time) override {}
    std::size_t lines = 0;
  };
  pipe_pair out;
  display_options options;
  const auto lines = std::make_shared<counter>();
  options.listeners = {lines};
  auto d = display_on(out.write, mode::quiet, options);
  peelbox::test::run_task(show(*d, {events_of("@0\nv a|name=A|started=0\nrepeat 2000 l a|0|a line\\n\n")}));
  EXPECT_EQ(lines->lines, 2000u);
}

TEST(Display, AStuckOutputIsLeftAfterTheLimit) {
  pipe_pair out;  // nobody reads
  display_options options;
  options.drain_limit = 50ms;
  auto d = display_on(out.write, mode::plain, options);
  std::vector<batch> many(3, events_of("@0\nv a|name=A|started=0\nrepeat 3000 l a|0|a line of output that nobody reads\\n\n"));
  many.push_back(events_of("@1\nv a|name=A|started=0|completed=1\n"));
  peelbox::test::run_task(show(*d, std::move(many)));
  EXPECT_EQ(d->picture().find("a")->state, step_state::done) << "all events were taken";
  EXPECT_EQ(d->write_error(), ETIMEDOUT);
}

TEST(Display, ASlowReaderGetsEverything) {
  pipe_pair out;
  display_options options;
  options.unwritten_bytes = 10'000;
  options.error_blocks = false;
  options.drain_limit = 10s;
  auto d = display_on(out.write, mode::plain, options);
  std::string text;
  std::thread reader([&] {
    char buffer[512];
    for (ssize_t n; (n = ::read(out.read, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  });
  std::vector<batch> many(20, events_of("@0\nv a|name=A|started=0\nrepeat 1000 l a|0|some output of a step\\n\n"));
  peelbox::test::run_task(show(*d, std::move(many)));
  out.close_write();
  reader.join();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 20'000 + 2);
  EXPECT_EQ(d->write_error(), 0);
}

// The output may have caught up before anybody looks at how far behind it is.
TEST(Display, AFastReaderNeverLeavesAnybodyWaiting) {
  for (int round = 0; round < 20; ++round) {
    pipe_pair out;
    display_options options;
    options.unwritten_bytes = 1;
    options.interval = 1ms;
    options.tick = 5ms;
    auto d = display_on(out.write, mode::plain, options);
    std::size_t bytes = 0;
    std::thread reader([&] { bytes = all_of(out.read).size(); });
    std::vector<batch> many(200, events_of("@0\nv a|name=A|started=0\nl a|0|a line\\n\n"));
    peelbox::test::run_task(show(*d, std::move(many)));
    out.close_write();
    reader.join();
    EXPECT_GT(bytes, 200u * 7u);
  }
}

TEST(Display, CancelledItWritesTheEndAndUnwinds) {
  pipe_pair out;
  auto d = display_on(out.write, mode::plain);
  asio::io_context io;
  asio::cancellation_signal stop;
  std::exception_ptr thrown;
  asio::co_spawn(io, d->run(), asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e) { thrown = e; }));
  EXPECT_TRUE(d->take(events_of("@0\nv a|name=A|started=0\n")));
  io.run_for(20ms);
  stop.emit(asio::cancellation_type::terminal);
  io.restart();
  io.run_for(10s);
  ASSERT_TRUE(thrown);
  EXPECT_THROW(std::rethrow_exception(thrown), boost::system::system_error);
  EXPECT_NE(out.all().find("#1 INCOMPLETE"), std::string::npos);
  EXPECT_FALSE(d->take(events_of("@0\nv b|name=B|started=0\n")));
}

// Nobody reads; who brings events waits, and is let go when the display ends.
TEST(Display, WhoWaitsForRoomIsToldOfTheEnd) {
  pipe_pair out;
  display_options options;
  options.unwritten_bytes = 10'000;
  auto d = display_on(out.write, mode::plain, options);
  asio::io_context io;
  asio::cancellation_signal stop;
  std::optional<bool> taken;
  auto bring = [](display& to, std::optional<bool>& last) -> task<void> {
    const batch many = events_of("@0\nv a|name=A|started=0\nrepeat 3000 l a|0|a line of output that nobody reads\\n\n");
    do {
      const bool one = co_await to.push(many);
      if (!one) last = one;
    } while (!last);
  };
  asio::co_spawn(io, d->run(), asio::bind_cancellation_slot(stop.slot(), [](std::exception_ptr) {}));
  asio::co_spawn(io, bring(*d, taken), [](std::exception_ptr) {});
  io.run_for(50ms);
  EXPECT_FALSE(taken);
  EXPECT_FALSE(d->take(events_of("@0\nv b|name=B|started=0\n"))) << "too much is unwritten";
  stop.emit(asio::cancellation_type::terminal);
  io.restart();
  io.run_for(10s);
  EXPECT_EQ(taken, false);
}

TEST(Display, DrawsOnATerminal) {
  peelbox::test::pseudo_terminal pty;
  pty.resize(60, 20);
  const terminal_info size = look_at_terminal(pty.slave.get());
  EXPECT_TRUE(size.is_terminal);
  EXPECT_EQ(size.columns, 60u);
  auto d = display_on(pty.slave.get(), mode::tty);
  peelbox::test::run_task(show(*d, {events_of("@0\nv a|name=RUN x|started=0\n"),
                                    events_of("@0\nv a|name=RUN x|started=0|completed=0\n")}));
  pty.slave.reset();  // one read alone gets what the kernel has passed on until then
  const std::string seen = all_of(pty.master.get());
  EXPECT_NE(seen.find("[+] Building 0.0s (0/0)"), std::string::npos) << "something is seen before the first event";
  EXPECT_NE(seen.find("(1/1) FINISHED"), std::string::npos);
}

TEST(Display, AStoppedTerminalDoesNotHoldTheEnd) {
  peelbox::test::pseudo_terminal pty;
  pty.resize(60, 20);
  ::tcflow(pty.slave.get(), TCOOFF);  // as Ctrl-S does
  display_options options;
  options.drain_limit = 50ms;
  auto d = display_on(pty.slave.get(), mode::plain, options);
  peelbox::test::run_task(show(*d, {events_of("@0\nv a|name=RUN x|started=0\nrepeat 500 l a|0|more than a terminal takes at once\\n\n")}));
  EXPECT_EQ(d->picture().find("a")->tail.size(), 10u) << "events were taken all the same";
  ::tcflow(pty.slave.get(), TCOON);
}

TEST(Display, TtyNeedsATerminal) {
  pipe_pair out;
  display_options options;
  options.fd = out.write;
  options.how = mode::tty;
  const auto made = display::make(options);
  ASSERT_TRUE(made.has_error());
  EXPECT_EQ(made.error().code, errc::usage);
}

TEST(Display, Modes) {
  EXPECT_EQ(*parse_mode("rawjson"), mode::rawjson);
  EXPECT_EQ(*parse_mode("auto"), mode::automatic);
  EXPECT_TRUE(parse_mode("fancy\x1b[31m").has_error());
  EXPECT_EQ(*choose_mode(mode::automatic, "plain"), mode::plain);
  EXPECT_EQ(*choose_mode(mode::tty, "plain"), mode::tty) << "the flag wins";
  EXPECT_EQ(*choose_mode(mode::automatic, nullptr), mode::automatic);
  EXPECT_NE(choose_mode(mode::automatic, "x").error().text.find("BUILDKIT_PROGRESS"), std::string::npos);
}

TEST(Terminal, IsNotDrawnOnWithoutAName) {
  const peelbox::test::pseudo_terminal pty;
  const char* const before = std::getenv("TERM");
  const std::string kept = before ? before : "";
  const auto redraws = [&](const char* name) {
    if (name) ::setenv("TERM", name, 1);
    else ::unsetenv("TERM");
    return look_at_terminal(pty.slave.get()).can_redraw;
  };
  EXPECT_TRUE(redraws("xterm"));
  EXPECT_FALSE(redraws("dumb"));
  EXPECT_FALSE(redraws(""));
  EXPECT_FALSE(redraws(nullptr));
  if (before) ::setenv("TERM", kept.c_str(), 1);
}

}  // namespace
}  // namespace peelbox::progress
