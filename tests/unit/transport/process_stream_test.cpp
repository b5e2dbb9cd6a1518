#include "transport/process_stream.hpp"

#include <gmock/gmock.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/async/task_group.hpp"
#include "engine/async/timeout.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/transport/loopback.hpp"
#include "tests/unit/transport/tls_peer.hpp"
#include "transport/child_process.hpp"

namespace peelbox::transport {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

using words = std::vector<std::string>;

process_rules quickly() {
  process_rules rules;
  rules.first_pause = 1ms;
  return rules;
}

task<result<std::string>> converse(words argv, std::string text, process_rules rules = quickly()) {
  auto started = co_await start_process_stream(std::move(argv), "ssh://host", std::move(rules));
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

TEST(ProcessStream, AProgramThatComplainsBeforeItAnswersGoesOn) {
  const auto got = test::run_task(converse({"sh", "-c", "head -c 300000 /dev/zero >&2; cat"}, "hello"));
  // Its complaints make the end a failure, as they always do; before that, all of it came through.
  ASSERT_TRUE(got.has_error());
  EXPECT_THAT(got.error().text, HasSubstr("sh ended with exit code 0"));
}

TEST(ProcessStream, AProgramThatSaysNothingIsGivenUpWithItsLastWords) {
  process_rules rules = quickly();
  rules.patience = 300ms;
  const auto got = test::run_task(converse({"sh", "-c", "echo touch your token >&2; exec sleep 600"}, "hello", rules));
  ASSERT_TRUE(got.has_error());
  EXPECT_EQ(got.error().code, errc::timed_out);
  EXPECT_THAT(got.error().text, HasSubstr("sh has connected us to nothing within 1 s"));
  EXPECT_THAT(got.error().text, HasSubstr("touch your token"));
  expect_no_children();
}

/// A program named ssh of the test's own.
struct fake_ssh {
  explicit fake_ssh(const std::string& body) {
    test::write_file(scratch.file("ssh"), "#!/bin/sh\n" + body);
    std::filesystem::permissions(scratch.file("ssh"), std::filesystem::perms::owner_all);
    old_path = std::getenv("PATH");
    ::setenv("PATH", (scratch.file("") + ":" + old_path).c_str(), 1);
    ::setenv("PEELBOX_TEST_COUNT", scratch.file("count").c_str(), 1);
  }
  ~fake_ssh() {
    ::setenv("PATH", old_path.c_str(), 1);
    ::unsetenv("PEELBOX_TEST_COUNT");
  }
  std::size_t starts() const { return std::filesystem::file_size(scratch.file("count")); }
  test::scratch_directory scratch;
  std::string old_path;
};

constexpr const char* turned_away =
    "echo kex_exchange_identification: Connection closed by remote host >&2; exit 255\n";

TEST(ProcessStream, WhoIsTurnedAwayComesBackWithWhatWasWritten) {
  const fake_ssh ssh(std::string("printf x >> $PEELBOX_TEST_COUNT\n"
                                 "if [ $(wc -c < $PEELBOX_TEST_COUNT) -lt 3 ]; then ") + turned_away + "fi\nexec cat\n");
  const auto got = test::run_task(converse({"ssh"}, "hello"));
  ASSERT_TRUE(got.has_value()) << got.error().text;
  EXPECT_EQ(*got, "hello");
  EXPECT_EQ(ssh.starts(), 3u);
  expect_no_children();
}

TEST(ProcessStream, WhoIsTurnedAwayAlwaysGivesUp) {
  const fake_ssh ssh(std::string("printf x >> $PEELBOX_TEST_COUNT\n") + turned_away);
  const auto got = test::run_task(converse({"ssh"}, "hello"));
  ASSERT_TRUE(got.has_error());
  EXPECT_EQ(got.error().code, errc::connection);
  EXPECT_THAT(got.error().text, HasSubstr("ssh ended with exit code 255 (started 6 times): kex_exchange_identification"));
  EXPECT_THAT(got.error().text, HasSubstr("MaxStartups"));
  EXPECT_EQ(ssh.starts(), 6u);
}

TEST(ProcessStream, OtherEndsAreNotTriedAgain) {
  const fake_ssh ssh("printf x >> $PEELBOX_TEST_COUNT\necho Host key verification failed. >&2; exit 255\n");
  const auto got = test::run_task(converse({"ssh"}, "hello"));
  ASSERT_TRUE(got.has_error());
  EXPECT_THAT(got.error().text, HasSubstr("run `ssh host` once and confirm the key"));
  EXPECT_EQ(ssh.starts(), 1u);
}

task<result<void>> through_gate(std::string script, std::string directory, std::shared_ptr<dial_gate> gate) {
  process_rules rules = quickly();
  rules.gate = std::move(gate);
  words argv{"sh", "-c", std::move(script), std::move(directory)};
  auto got = co_await converse(std::move(argv), "hello", std::move(rules));
  if (got.has_error()) co_return got.error();
  co_return result<void>();
}

TEST(ProcessStream, AGateLetsAFewBeginAtATime) {
  test::scratch_directory scratch;
  auto gate = std::make_shared<dial_gate>(2);
  // Each waits for a moment before its answer, and notes how many are running then.
  const std::string directory = scratch.file("");
  const std::string body = "mkdir -p $0/r; : > $0/r/$$; sleep 0.05; ls $0/r | wc -l >> $0/seen; rm $0/r/$$; exec cat";
  const auto ran = test::run_task(task_group::run([&](task_group& group) -> task<result<void>> {
    for (int i = 0; i < 8; ++i) group.spawn(through_gate(body, directory, gate));
    co_return result<void>();
  }));
  ASSERT_TRUE(ran.has_value()) << ran.error().text;
  std::ifstream seen(scratch.file("seen"));
  int most = 0;
  int lines = 0;
  for (int one = 0; seen >> one; ++lines) most = std::max(most, one);
  EXPECT_EQ(lines, 8);
  EXPECT_LE(most, 2);
}

task<result<void>> go_in_and_out(std::shared_ptr<dial_gate> gate) {
  const dial_gate::pass inside = co_await dial_gate::enter(std::move(gate));
  co_return result<void>();
}

task<result<std::string>> turned_away_once(std::shared_ptr<dial_gate> gate, bool& narrower) {
  process_rules rules = quickly();
  rules.gate = gate;
  words argv{"ssh"};
  auto got = co_await converse(std::move(argv), "hello", std::move(rules));
  const dial_gate::pass only = co_await dial_gate::enter(gate);
  auto second = go_in_and_out(gate);
  std::string full = "full";
  const result<void> entered = co_await with_timeout(std::move(second), std::chrono::milliseconds(20), std::move(full));
  narrower = entered.has_error();
  co_return got;
}

TEST(ProcessStream, WhoIsTurnedAwayNarrowsTheGate) {
  const fake_ssh ssh(std::string("printf x >> $PEELBOX_TEST_COUNT\n"
                                 "if [ $(wc -c < $PEELBOX_TEST_COUNT) -lt 2 ]; then ") + turned_away + "fi\nexec cat\n");
  bool narrower = false;
  const auto got = test::run_task(turned_away_once(std::make_shared<dial_gate>(2), narrower));
  ASSERT_TRUE(got.has_value()) << got.error().text;
  EXPECT_EQ(*got, "hello");
  EXPECT_TRUE(narrower);
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
    auto started = co_await start_process_stream(std::move(argv), "x", quickly());
    EXPECT_TRUE(started.has_value());
    const auto up = co_await (*started)->read();
    EXPECT_TRUE(up.has_value());
    (*started)->close();
  }(stubborn));
  expect_no_children();
}

/// What a child writes to its standard output.
std::string output_of(const words& argv) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  auto child = child_process::start(argv, {-1, ends[1], -1}, SIGKILL);
  ::close(ends[1]);
  EXPECT_TRUE(child.has_value());
  std::string all;
  char part[4096];
  for (ssize_t n = 0; (n = ::read(ends[0], part, sizeof(part))) > 0;) all.append(part, static_cast<std::size_t>(n));
  ::close(ends[0]);
  return all;
}

TEST(ChildProcess, GetsItsThreeDescriptorsAndNoOther) {
  asio::io_context io;
  asio::ip::tcp::acceptor listener(io, {asio::ip::address_v4::loopback(), 0});
  auto connected = test::run_task(io, dial(test::tcp_endpoint("127.0.0.1", listener.local_endpoint().port()), {}));
  ASSERT_TRUE(connected.has_value());
  // One that a library or our parent left open for others.
  const int stray = ::open("/dev/zero", O_RDONLY);
  EXPECT_EQ(output_of({"sh", "-c", "ls /proc/self/fd | tr '\\n' ' '"}), "0 1 2 3 ");  // 3: the directory that ls reads
  ::close(stray);
}

TEST(ChildProcess, HasASessionOfItsOwnAndDefaultSignals) {
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  ::signal(SIGTTOU, SIG_IGN);
  // comm, state, ppid, pgrp, session, tty
  const std::string stat = output_of({"sh", "-c", "cut -d' ' -f5,6,7 /proc/$$/stat; echo $$; grep SigIgn /proc/$$/status"});
  ::signal(SIGTTOU, SIG_DFL);
  ::signal(SIGCHLD, before);
  std::istringstream words_of(stat);
  std::string group, session, terminal, pid, name, ignored;
  words_of >> group >> session >> terminal >> pid >> name >> ignored;
  EXPECT_EQ(group, pid);
  EXPECT_EQ(session, pid);
  EXPECT_EQ(terminal, "0");
  EXPECT_EQ(ignored, "0000000000000000");
}

TEST(ChildProcess, AnExitCodeThatIsLostIsNoSuccess) {
  const auto before = ::signal(SIGCHLD, SIG_IGN);
  auto child = child_process::start({"sh", "-c", "exit 3"}, {}, SIGKILL);
  ASSERT_TRUE(child.has_value());
  for (int i = 0; i < 500 && !child->poll_ended(); ++i) ::poll(nullptr, 0, 10);
  EXPECT_TRUE(child->poll_ended());
  EXPECT_FALSE(child->succeeded());
  EXPECT_THAT(child->end_text(), HasSubstr("SIGCHLD is ignored"));
  auto guarded = child_process::start_guarded({"sh", "-c", "exit 4"}, {}, 100ms);
  ASSERT_TRUE(guarded.has_value());
  for (int i = 0; i < 500 && !guarded->poll_ended(); ++i) ::poll(nullptr, 0, 10);
  EXPECT_FALSE(guarded->succeeded());
  ::signal(SIGCHLD, before);
}

TEST(ChildProcess, AGuardianKeepsNoDescriptorOfOurs) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_cur <= 1500) GTEST_SKIP() << "this machine allows no descriptor 1500";
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(::fcntl(ends[1], F_DUPFD_CLOEXEC, 1500), 1500);
  ::close(ends[1]);
  auto child = child_process::start_guarded({"sleep", "600"}, {}, 100ms);
  ::close(1500);
  // The guardian never execs: what it does not close itself stays open.
  pollfd ended{ends[0], POLLIN, 0};
  EXPECT_EQ(::poll(&ended, 1, 5000), 1);
  ::close(ends[0]);
  child->stop(5s);
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
