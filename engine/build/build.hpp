// One build, end to end: connections, session, solve, status.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "engine/async/blocking_pool.hpp"
#include "engine/async/channel.hpp"
#include "engine/async/log.hpp"
#include "engine/build/daemon.hpp"
#include "engine/build/docker_output.hpp"
#include "engine/build/solve_request.hpp"
#include "engine/filesync/sender.hpp"
#include "engine/progress/event.hpp"
#include "engine/session/auth_service.hpp"
#include "engine/session/filesend_service.hpp"
#include "engine/session/identity.hpp"

namespace peelbox::build {

/// Asks a running build to stop politely: the Solve call is reset, which cancels the build on the daemon, and its last
/// events are still shown. Used on the network thread.
class stop_request {
 public:
  explicit stop_request(executor ex) : changed_(std::move(ex)) {}

  /// False: no solve is under way that could be reset; cancel the coroutine of the build instead.
  bool ask() {
    asked_ = true;
    changed_.notify();
    return solving_;
  }
  bool asked() const noexcept { return asked_; }
  task<void> wait() {
    while (!asked_) co_await changed_.wait();
  }
  void set_solving(bool now) noexcept { solving_ = now; }

 private:
  bool asked_ = false;
  bool solving_ = false;
  event changed_;
};

/// Everything a build was asked for.
struct build_options {
  /// How the daemon is reached.
  std::shared_ptr<route> way;
  /// `definition`, `image_config`, `platform`, `target`, `attest`, `no_cache`; ref and session_id are filled in.
  solve_options solve;
  session::identity names;
  /// `local://NAME` -> tree.
  std::map<std::string, std::shared_ptr<const filesync::context_source>> contexts;
  /// Where the exporter's output goes; none for exporters that keep it in the daemon.
  std::optional<session::export_target> output;
  /// Instead of `output` and of the exporter in `solve`: the image goes into Docker's store.
  std::optional<docker_output> to_docker;
  session::login_lookup logins;
  /// SBOM is a default, not a wish: when its scanner cannot be pulled the build goes on without one.
  bool sbom_is_optional = false;
  /// A daemon that is silent for longer hangs: it probes the session's health every 5 s (session/grpc.go).
  std::chrono::seconds silence_limit{60};
};

/// What a build gave.
struct build_outcome {
  std::map<std::string, std::string> exporter_response;
  daemon_version daemon;
  filesync::transfer_stats context;
  traffic wire;
  std::uint64_t exported_bytes = 0;
  std::vector<std::string> warnings;
  /// Set for build_options::to_docker.
  std::optional<docker_delivery> delivery;
};

/// Runs the build. Progress goes to `events`, which is closed at the end. Failures: errc::remote (the build failed,
/// with the daemon's status), errc::context (our files), errc::io (our output), errc::connection, errc::timed_out,
/// errc::unsupported, errc::tls, errc::usage, errc::cancelled after `stop`. Cancelling drops the connections, which
/// cancels the build on the daemon too. All arguments must outlive it.
task<result<build_outcome>> run_build(const build_options& options, stop_request& stop, channel<progress::batch>& events,
                                      blocking_pool& pool, const logger& log);

}  // namespace peelbox::build
