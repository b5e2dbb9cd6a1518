#include "cli/bench/timed_run.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <memory>

#include "engine/async/read_file.hpp"
#include "engine/async/timeout.hpp"
#include "engine/async/unique_fd.hpp"
#include "transport/become.hpp"

namespace peelbox::cli::bench {

namespace {

using clock = std::chrono::steady_clock;

double seconds_of(const timeval& t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; }

/// Children of a run. Those that did not end when this goes are ended.
class children {
 public:
  explicit children(executor ex) : executor_(std::move(ex)) {}
  children(const children&) = delete;
  children& operator=(const children&) = delete;
  ~children() {
    for (const one& child : all_)
      if (child.pid > 0) ::kill(-child.pid, SIGTERM);
    const auto patience = clock::now() + std::chrono::seconds(2);
    for (one& child : all_) {
      if (child.pid <= 0) continue;
      while (::waitpid(child.pid, nullptr, WNOHANG) == 0) {
        if (clock::now() > patience) ::kill(-child.pid, SIGKILL);
        ::usleep(5000);
      }
      child.pid = 0;
    }
  }

  result<void> start(const command_line& line, const std::string& log) {
    std::vector<char*> words;
    for (const std::string& word : line.words) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const unique_fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const unique_fd input(line.standard_input.empty() ? -1 : ::open(line.standard_input.c_str(), O_RDONLY | O_CLOEXEC));
    if (!line.standard_input.empty() && !input) return errno_failure(errno, line.standard_input);
    const unique_fd output(::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!output) return errno_failure(errno, log);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return errno_failure(errno, "pipe");
    const unique_fd told(ends[0]);
    unique_fd report(ends[1]);
    one child;
    child.began = clock::now();
    const pid_t parent = ::getpid();
    // Not posix_spawn(): its child shares our memory until exec, and the kernel counts our peak as its own.
    child.pid = ::fork();
    if (child.pid < 0) return errno_failure(errno, "fork");
    if (child.pid == 0)
      transport::become(words.data(), {input.get(), output.get(), output.get()}, null.get(), report.get(), SIGTERM, parent);
    report.reset();
    int error = 0;
    if (::read(told.get(), &error, sizeof error) == sizeof error) {
      ::waitpid(child.pid, nullptr, 0);
      return errno_failure(error, fmt::format("cannot start {}", line.words.front()));
    }
    const int fd = int(::syscall(SYS_pidfd_open, child.pid, 0));
    const int why = errno;
    if (fd >= 0) child.ended = std::make_unique<asio::posix::stream_descriptor>(executor_, fd);
    all_.push_back(std::move(child));
    if (fd < 0) return errno_failure(why, "pidfd_open");
    return {};
  }

  std::size_t size() const noexcept { return all_.size(); }

  /// The status as waitpid() tells it.
  task<int> wait(std::size_t which, run_cost& into) {
    boost::system::error_code error;
    auto waiting = all_[which].ended->async_wait(asio::posix::descriptor_base::wait_read, asio::redirect_error(asio::use_awaitable, error));
    co_await std::move(waiting);
    one& child = all_[which];
    int status = -1;
    if (error) co_return status;
    rusage used{};
    while (::wait4(child.pid, &status, 0, &used) < 0 && errno == EINTR) {
    }
    child.pid = 0;
    into.each.push_back(std::chrono::duration<double>(clock::now() - child.began).count());
    into.cpu += seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
    into.peak_memory = std::max(into.peak_memory, std::uint64_t(used.ru_maxrss) * 1024);
    co_return status;
  }

 private:
  struct one {
    pid_t pid = 0;
    clock::time_point began;
    std::unique_ptr<asio::posix::stream_descriptor> ended;
  };
  executor executor_;
  std::vector<one> all_;
};

std::string last_words(const std::string& log) {
  const result<std::string> said = read_file(log, log, 4 << 20);
  if (said.has_error() || said->empty()) return "it said nothing";
  std::string text = said->size() > 2000 ? "…" + said->substr(said->size() - 2000) : *said;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

task<result<run_cost>> run_all(std::vector<command_line> commands, std::string log) {
  const executor ex = co_await asio::this_coro::executor;
  children running(ex);
  run_cost cost;
  const clock::time_point began = clock::now();
  for (std::size_t i = 0; i < commands.size(); ++i) {
    result<void> started = running.start(commands[i], fmt::format("{}-{}", log, i));
    if (started.has_error()) co_return started.error();
  }
  std::optional<std::size_t> failed;
  int status = 0;
  for (std::size_t i = 0; i < running.size(); ++i) {
    auto waiting = running.wait(i, cost);
    const int ended = co_await std::move(waiting);
    if (ended != 0 && !failed) {
      failed = i;
      status = ended;
    }
  }
  cost.wall = std::chrono::duration<double>(clock::now() - began).count();
  if (failed) {
    const std::string how = WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status)) : fmt::format("exit code {}", WEXITSTATUS(status));
    co_return failure(errc::remote, fmt::format("{} failed with {}: {}\n{}", commands[*failed].words.front(), how,
                                                fmt::join(commands[*failed].words, " "), last_words(fmt::format("{}-{}", log, *failed))));
  }
  co_return cost;
}

}  // namespace

task<result<run_cost>> timed_run(std::vector<command_line> commands, std::string log, std::chrono::seconds limit) {
  const std::string program = commands.empty() ? "" : commands.front().words.front();
  auto running = run_all(std::move(commands), std::move(log));
  auto limited = with_timeout(std::move(running), limit, fmt::format("{} did not end within {} s", program, limit.count()));
  co_return co_await std::move(limited);
}

}  // namespace peelbox::cli::bench
