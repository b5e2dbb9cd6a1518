// One build, end to end: connections, session, solve, status.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/blocking_pool.hpp"
#include "engine/async/event.hpp"
#include "engine/async/log.hpp"
#include "engine/client/daemon.hpp"
#include "engine/client/docker_output.hpp"
#include "engine/client/request.hpp"
#include "engine/filesync/sender.hpp"
#include "engine/llb/local_sessions.hpp"
#include "engine/progress/event_sink.hpp"
#include "engine/session/attachable.hpp"
#include "engine/session/identity.hpp"
#include "engine/session/user_secret.hpp"

namespace peelbox::client {

/// Asks a running build to stop: the Solve call is reset, which cancels the build on the daemon, and its last events are
/// still shown. Used on the network thread.
class stop_request {
 public:
  explicit stop_request(executor ex) : changed_(std::move(ex)) {}

  /// Returns false when no solve is under way that could be reset; then cancel the coroutine of the build.
  bool ask() {
    asked_ = true;
    changed_.notify();
    return solving_ > 0;
  }
  /// Whether ask() was called.
  bool asked() const noexcept { return asked_; }
  /// The daemon has built everything and said so, which is the point of no return: asking has no effect any more, the
  /// results that wait for their names get them, and the build counts as done.
  bool too_late() const noexcept { return built_; }
  /// Returns after ask().
  task<void> wait() {
    while (!asked_) co_await changed_.wait();
  }

  // Called by run_build() alone.
  void built() noexcept { built_ = true; }
  void solve_begins() noexcept { ++solving_; }
  void solve_ends() noexcept { --solving_; }

 private:
  bool asked_ = false;
  bool built_ = false;
  std::size_t solving_ = 0;
  event changed_;
};

/// Everything a build was asked for.
struct build_options {
  /// How the daemon is reached.
  std::shared_ptr<route> way;
  /// The session of the first service. Several services share one transfer if their definitions name it in `local.session`,
  /// because then the operations are equal bytes.
  session::identity names;
  /// `local://NAME` -> tree.
  std::map<std::string, std::shared_ptr<const filesync::context_source>> contexts;
  /// Whose secret makes ids of sessions from what they serve: a context that did not change since an earlier build is then not
  /// asked for. Absent: the daemon is asked to compare in every build.
  std::optional<session::user_secret> user;
  /// Known to all machines that shall have one id for one context; empty: ids are those of `user` on this machine. Such contexts
  /// need times that stand for contents (filesync/content_times.hpp).
  std::string shared_secret;
  /// What the definitions will read of `contexts`, for that: llb::local_requests() of each.
  std::vector<llb::local_request> keyed_contexts;
  /// Layouts that every session of the build serves: sources and caches.
  session::store_book layouts;
  /// What every session of the build serves beside them: logins, and whatever else the daemon may ask for.
  std::vector<session::attachable> attachables;
  /// A daemon that is silent for longer on one of the connections hangs: on each it is asked for a sign of life every 5 s.
  std::chrono::seconds silence_limit = default_silence_limit;
  /// Whether the daemon is asked for service_outcome::provenance, and how much of it is kept.
  provenance_mode provenance = provenance_mode::disabled;
  /// How often a build whose daemon was lost in the middle is tried again (repeat.hpp); not when part of an output cannot be taken
  /// back. Each try is a solve of its own: a daemon ends a build when its client goes, and finds what was finished in its cache.
  unsigned retries = 0;
  /// At least one; several are solved side by side.
  std::vector<solve_request> services;
};

/// One stretch of a build's time.
struct build_phase {
  std::string name;
  std::chrono::microseconds took{0};
};

/// A directory that was looked at before the daemon could ask for it.
struct context_look {
  std::string name;
  std::uint64_t files = 0;
  std::chrono::milliseconds took{0};
  /// The daemon has it from an earlier build and asked for nothing.
  bool unchanged = false;
};

/// The result of one service.
struct service_outcome {
  /// Names the build in the daemon's history.
  std::string ref;
  /// What the exporters answered, such as containerimage.digest (exporter/containerimage/exptypes). Untrusted text.
  std::map<std::string, std::string> exporter_response;
  /// Keys of --metadata-file and their JSON objects (provenance.hpp). What went wrong is among the warnings.
  std::map<std::string, std::string> provenance;
  /// What came through the session.
  std::uint64_t exported_bytes = 0;
  /// Set when something went into a Docker store.
  std::optional<docker_delivery> delivery;
  /// For people, a line each; not sanitised.
  std::vector<std::string> warnings;
  /// Whether one was made: an optional SBOM may have been given up.
  bool has_sbom = false;
  /// What it was built for; empty when the definition that was given does not say it.
  std::vector<oci::platform> platforms;
  /// From the Solve call to its answer.
  std::chrono::milliseconds took{0};
};

/// The result of a build.
struct build_outcome {
  /// In the order of build_options::services; a service that fails does not stop the others.
  std::vector<result<service_outcome>> services;
  daemon_version daemon;
  /// All contexts of all services together.
  filesync::transfer_stats context;
  /// Those that were looked at beforehand.
  std::vector<context_look> looks;
  /// All connections together, with what HTTP/2 adds.
  traffic wire;
  /// Those of no single service.
  std::vector<std::string> warnings;
  /// One after the other: connect, prepare, solve, provenance if wanted, close.
  std::vector<build_phase> phases;
};

/// Runs the build: all services in parallel over one pair of connections. Progress goes to `events`, which is closed at
/// the end. Files of session::file_target are complete then, but whoever opened them gives them their names with commit():
/// at once, together with whatever else tells of the build.
///
/// A failure of its own, or of a service: errc::remote (the build failed, with the daemon's status), errc::context (our files),
/// errc::io (our output), errc::connection, errc::lost, errc::timed_out, errc::unsupported, errc::tls, errc::usage,
/// errc::cancelled after `stop`. Cancelling drops the connections, which cancels the build on the daemon too, and unwinds.
/// Threading: runs on the caller's executor, which one thread runs; several builds may share it, and `pool`. All arguments must
/// outlive it.
task<result<build_outcome>> run_build(const build_options& options, stop_request& stop, progress::event_sink& events,
                                      blocking_pool& pool, const logger& log);

}  // namespace peelbox::client
