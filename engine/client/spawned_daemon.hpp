// A buildkitd of our own, for one build.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/log.hpp"
#include "engine/docker/config.hpp"
#include "transport/child_process.hpp"
#include "transport/endpoint.hpp"

namespace peelbox::client {

/// What is known before anything starts; for tests.
struct spawn_plan {
  std::vector<std::string> argv;
  std::string state_directory;
  std::string run_directory;
  std::string socket;
  std::string log_file;
};

/// [p] As root: buildkitd; else rootlesskit buildkitd. BUILDKITD and BUILDKITD_FLAGS name another program and more
/// flags, ROOTLESSKIT another rootlesskit (as buildctl-daemonless.sh has them). The state is kept in
/// $XDG_CACHE_HOME/peelbox/buildkitd (~/.cache/…), so that the next build finds its cache.
result<spawn_plan> plan_spawn(const environment& variables, bool as_root, std::string run_directory);

/// [p] Advice about the end of rootlesskit's log, which itself tells no way out; empty if there is none.
std::string rootless_advice(std::string_view log);

/// The destructor ends the daemon (SIGTERM, then SIGKILL to all of its processes) and removes its socket. If we are
/// killed, a guardian process ends it (transport/child_process.hpp).
class spawned_daemon {
 public:
  /// Starts it and waits until its socket answers. errc::not_found when there is no buildkitd, errc::connection with
  /// the last lines of its log when it does not come up.
  static task<result<std::unique_ptr<spawned_daemon>>> start(environment variables, const logger& log);
  ~spawned_daemon();
  spawned_daemon(const spawned_daemon&) = delete;
  spawned_daemon& operator=(const spawned_daemon&) = delete;

  const transport::endpoint& address() const noexcept { return address_; }

 private:
  spawned_daemon() = default;

  spawn_plan plan_;
  int lock_ = -1;
  transport::endpoint address_;
  transport::child_process child_;
};

}  // namespace peelbox::client
