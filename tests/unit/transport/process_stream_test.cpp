#include "transport/process_stream.hpp"

#include <gmock/gmock.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "tests/support/run_task.hpp"
#include "transport/child_process.hpp"

namespace peelbox::transport {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

using words = std::vector<std::string>;

task<result<std::string>> converse(words argv, std::string text) {
  auto started = co_await start_process_stream(std::move(argv), "ssh://host");
  if (started.has_error()) co_return started.error();
  byte_chain bytes(byte_slice::of(std::move(text)));
  (void)co_await (*started)->write(std::move(bytes));
  (void)co_await (*started)->shutdown_write();
  std::string all;
  for (;;) {
    const auto got = co_await (*started)->read();
    if (got.has_error()) co_return got.error();
    if (got->empty()) co_return all;
    all += as_text(*got);
  }
}

void expect_no_children() {
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(ProcessStream, CarriesBytesBothWaysWithHalfClose) {
  const std::string text(300'000, 'x');
  const auto got = test::run_task(converse({"cat"}, text));
  ASSERT_TRUE(got.has_value()) << got.error().text;
  EXPECT_EQ(got->size(), text.size());
  expect_no_children();
}

TEST(ProcessStream, TheLastLinesOfStderrAreTheFailure) {
  const auto got = test::run_task(converse({"sh", "-c", "echo no route to host >&2; exit 255"}, ""));
  ASSERT_TRUE(got.has_error());
  EXPECT_EQ(got.error().code, errc::connection);
  EXPECT_THAT(got.error().text, HasSubstr("ssh://host: sh ended with exit code 255: no route to host"));
  expect_no_children();
}

TEST(ProcessStream, AChattyProgramDoesNotBlock) {
  const auto got = test::run_task(
      converse({"sh", "-c", "i=0; while [ $i -lt 20 ]; do head -c 9000 /dev/zero >&2; echo $i; i=$((i+1)); done; exit 3"}, ""));
  ASSERT_TRUE(got.has_error());
  EXPECT_THAT(got.error().text, HasSubstr("exit code 3"));
}

TEST(ProcessStream, AMissingProgramIsNamed) {
  const auto got = test::run_task(converse({"peelbox-no-such-program"}, ""));
  ASSERT_TRUE(got.has_error());
  EXPECT_EQ(got.error().code, errc::not_found);
  EXPECT_THAT(got.error().text, HasSubstr("peelbox-no-such-program is not installed"));
  expect_no_children();
}

TEST(ProcessStream, ClosingEndsAndReapsAlsoWhoIgnoresTheSignal) {
  const words stubborn{"sh", "-c", "trap '' TERM; echo up; sleep 600"};
  test::run_task([](words argv) -> task<void> {
    auto started = co_await start_process_stream(std::move(argv), "x");
    EXPECT_TRUE(started.has_value());
    const auto up = co_await (*started)->read();
    EXPECT_TRUE(up.has_value());
    (*started)->close();
  }(stubborn));
  expect_no_children();
}

TEST(ChildProcess, StopTakesItsWholeGroupAlong) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  {
    auto child = child_process::start({"sh", "-c", "sleep 600 & echo $!; wait"}, {-1, ends[1], -1}, SIGKILL);
    ASSERT_TRUE(child.has_value());
    ::close(ends[1]);
    char text[32] = {};
    ASSERT_GT(::read(ends[0], text, sizeof(text) - 1), 0);
    child->stop(1s);
    EXPECT_TRUE(child->poll_ended());
    EXPECT_EQ(child->end_text(), "signal 15");
  }
  // The grandchild held the other end of the pipe.
  char rest[8];
  EXPECT_EQ(::read(ends[0], rest, sizeof(rest)), 0);
  ::close(ends[0]);
}

/// Becomes readable (end) when every process that has the other end is gone.
bool all_gone(int read_end) {
  char rest[64];
  for (;;) {
    pollfd waiting{read_end, POLLIN, 0};
    if (::poll(&waiting, 1, 15'000) != 1) return false;
    const ssize_t n = ::read(read_end, rest, sizeof(rest));
    if (n <= 0) return n == 0;
  }
}

TEST(ChildProcess, AGuardedTreeEndsWithItsOwnerAlsoWhoLeftItsGroup) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  {
    // setsid: a process group of its own; trap: it does not heed SIGTERM.
    auto child = child_process::start_guarded(
        {"sh", "-c", "setsid sh -c 'trap \"\" TERM; echo up; sleep 600; sleep 600' & wait"}, {-1, ends[1], -1}, 100ms);
    ASSERT_TRUE(child.has_value());
    ::close(ends[1]);
    char up[3];
    ASSERT_EQ(::read(ends[0], up, 3), 3);
    child->stop(10s);
    EXPECT_TRUE(child->poll_ended());
  }
  EXPECT_TRUE(all_gone(ends[0]));
  ::close(ends[0]);
}

TEST(ChildProcess, AGuardedTreeEndsWhenTheOwnerIsKilled) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    auto child = child_process::start_guarded({"sh", "-c", "echo up; sleep 600"}, {-1, ends[1], -1}, 100ms);
    ::pause();
    ::_exit(0);
  }
  ::close(ends[1]);
  char up[3];
  ASSERT_EQ(::read(ends[0], up, 3), 3);
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  EXPECT_TRUE(all_gone(ends[0]));
  ::close(ends[0]);
}

TEST(ChildProcess, AGuardedProgramThatIsMissingOrFailsIsReported) {
  EXPECT_EQ(child_process::start_guarded({"peelbox-no-such-program"}, {}, 100ms).error().code, errc::not_found);
  auto child = child_process::start_guarded({"sh", "-c", "exit 4"}, {}, 100ms);
  ASSERT_TRUE(child.has_value());
  for (int i = 0; i < 500 && !child->poll_ended(); ++i) ::poll(nullptr, 0, 10);
  EXPECT_EQ(child->end_text(), "exit code 4");
}

}  // namespace
}  // namespace peelbox::transport
