#include "engine/client/spawned_daemon.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/async/sleep.hpp"
#include "transport/dialer.hpp"
#include "transport/stderr_tail.hpp"

namespace peelbox::client {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto start_limit = 30s;
constexpr auto look_for_socket = 20ms;
/// The time for buildkitd to write its databases and end its containers.
constexpr auto stop_grace = 10s;
/// The guardian's grace, and a moment for its own work.
constexpr auto stop_patience = 13s;

constexpr std::string_view how_to_get_one =
    "install BuildKit's buildkitd (packages buildkit, moby-buildkit or the releases of moby/buildkit), or name a daemon "
    "with --buildkit ADDRESS";

std::string last_lines(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  transport::stderr_tail tail;
  std::string part(4096, '\0');
  while (in.read(part.data(), static_cast<std::streamsize>(part.size())) || in.gcount() > 0)
    tail.append(std::string_view(part).substr(0, static_cast<std::size_t>(in.gcount())));
  return tail.text();
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

std::string rootless_advice(std::string_view log) {
  if (log.find("newuidmap") != log.npos && log.find("executable file not found") != log.npos)
    return "install newuidmap and newgidmap (Debian, Ubuntu: `sudo apt install uidmap`)";
  if (log.find("subuid") != log.npos || log.find("subgid") != log.npos)
    return "give your user a range of ids: `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER`";
  if (log.find("operation not permitted") != log.npos || log.find("no space left on device") != log.npos)
    return "this machine may forbid user namespaces: see the sysctls user.max_user_namespaces, "
           "kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns";
  return {};
}

result<spawn_plan> plan_spawn(const environment& variables, bool as_root, std::string run_directory) {
  const auto value = [&](std::string_view name, std::string_view otherwise) {
    const std::string text = variables(name).value_or("");
    return text.empty() ? std::string(otherwise) : text;
  };
  spawn_plan plan;
  std::string cache = value("XDG_CACHE_HOME", "");
  if (!cache.starts_with('/')) {
    const std::string home = value("HOME", "");
    if (home.empty())
      return failure(errc::usage, "spawn: neither HOME nor XDG_CACHE_HOME is set, so there is no place for the daemon's state",
                     origin::user);
    cache = home + "/.cache";
  }
  plan.state_directory = cache + "/peelbox/buildkitd";
  plan.run_directory = std::move(run_directory);
  plan.socket = plan.run_directory + "/buildkitd.sock";
  plan.log_file = plan.run_directory + "/buildkitd.log";
  const std::string buildkitd = value("BUILDKITD", "buildkitd");
  if (!find_program(variables, buildkitd))
    return failure(errc::not_found, fmt::format("spawn: there is no program {} in PATH; {}", buildkitd, how_to_get_one),
                   origin::user);
  if (!as_root) {
    const std::string rootlesskit = value("ROOTLESSKIT", "rootlesskit");
    if (!find_program(variables, rootlesskit))
      return failure(errc::not_found,
                     fmt::format("spawn: there is no program {} in PATH, which a daemon without root needs: install "
                                 "rootlesskit and uidmap (Debian, Ubuntu: `sudo apt install rootlesskit uidmap`), or "
                                 "name a daemon with --buildkit ADDRESS",
                                 rootlesskit),
                     origin::user);
    plan.argv.push_back(rootlesskit);
  }
  plan.argv.push_back(buildkitd);
  for (std::string& flag : words_of(value("BUILDKITD_FLAGS", ""))) plan.argv.push_back(std::move(flag));
  for (std::string flag : {"--root", plan.state_directory.c_str(), "--addr"}) plan.argv.push_back(std::move(flag));
  plan.argv.push_back("unix://" + plan.socket);
  return plan;
}

task<result<std::unique_ptr<spawned_daemon>>> spawned_daemon::start(environment variables, const logger& log) {
  std::string run = (fs::temp_directory_path() / "peelbox-spawn-XXXXXX").string();
  if (::mkdtemp(run.data()) == nullptr) co_return errno_failure(errno, "spawn: cannot make a directory for the socket");
  std::unique_ptr<spawned_daemon> daemon(new spawned_daemon());
  daemon->plan_.run_directory = run;
  const bool as_root = ::geteuid() == 0;
  result<spawn_plan> plan = plan_spawn(variables, as_root, run);
  if (plan.has_error()) co_return plan.error();
  daemon->plan_ = *plan;
  std::error_code error;
  fs::create_directories(plan->state_directory, error);
  if (error) co_return failure(errc::io, fmt::format("spawn: {}: {}", plan->state_directory, error.message()));

  // One daemon at a time for each state: a second one would wait for the databases without saying so.
  const std::string lock = plan->state_directory + "/peelbox.lock";
  daemon->lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (daemon->lock_ < 0) co_return errno_failure(errno, "spawn: " + lock);
  if (::flock(daemon->lock_, LOCK_EX | LOCK_NB) != 0)
    co_return failure(errc::connection,
                      fmt::format("spawn: another build uses the daemon state in {}; wait for it, or set XDG_CACHE_HOME "
                                  "to another directory for this one",
                                  plan->state_directory),
                      origin::user);

  const int output = ::open(plan->log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (output < 0) co_return errno_failure(errno, "spawn: " + plan->log_file);
  result<transport::child_process> child =
      transport::child_process::start_guarded(plan->argv, {-1, output, output}, stop_grace);
  ::close(output);
  if (child.has_error()) co_return child.error().in("spawn");
  daemon->child_ = std::move(*child);
  log.info("started {} (process {}), state in {}", plan->argv.front(), daemon->child_.pid(), plan->state_directory);
  auto address = transport::parse_endpoint("unix://" + plan->socket);
  if (address.has_error()) co_return address.error();
  daemon->address_ = *address;

  const executor ex = co_await asio::this_coro::executor;
  const auto until = std::chrono::steady_clock::now() + start_limit;
  const transport::dial_options options;
  for (;;) {
    result<transport::stream_ptr> stream = co_await transport::dial(daemon->address_, options);
    if (stream.has_value()) break;
    std::string why;
    if (daemon->child_.poll_ended()) why = "ended with " + daemon->child_.end_text() + " while it started";
    else if (std::chrono::steady_clock::now() > until) why = "does not answer after 30 s";
    if (!why.empty()) {
      const std::string end_of_log = last_lines(plan->log_file);
      std::string text = fmt::format("spawn: {} {}. The end of its log:\n{}", plan->argv.front(), why, end_of_log);
      if (const std::string advice = as_root ? "" : rootless_advice(end_of_log); !advice.empty())
        text += "\nWhat helps: " + advice;
      co_return failure(errc::connection, std::move(text), origin::peer);
    }
    if (co_await sleep_for(look_for_socket) == wake::cancelled)
      throw boost::system::system_error(asio::error::operation_aborted);
  }
  co_return std::move(daemon);
}

spawned_daemon::~spawned_daemon() {
  child_.stop(std::chrono::duration_cast<std::chrono::milliseconds>(stop_patience));
  if (lock_ >= 0) ::close(lock_);
  std::error_code ignored;
  fs::remove_all(plan_.run_directory, ignored);
}

}  // namespace peelbox::client
