// One Control.Solve with what belongs to it: its Status stream, its half of the gateway, the session for its output.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/client/build.hpp"
#include "engine/client/context_sessions.hpp"
#include "engine/client/program.hpp"
#include "engine/client/service_events.hpp"
#include "engine/session/filesync_service.hpp"
#include "engine/session/session.hpp"

namespace peelbox::client {

struct solve_state;

/// The answer about one image on one platform, for whoever asks.
struct image_answer {
  explicit image_answer(executor ex) : known(std::move(ex)) {}
  std::optional<result<resolved_image>> answer;
  /// The one who asked went away without an answer.
  bool abandoned = false;
  event known;
};

/// Shared by the solves of one build. Lives in the frame of run_build, which joins all of them.
struct build_state {
  build_state(build_options o, std::string id, stop_request& s, progress::event_sink& e, blocking_pool& p, const logger& l,
              executor ex)
      : options(std::move(o)), session_id(std::move(id)), stop(s), events(e), pool(p), log(l), shown(options.services),
        platform_known(ex), plans_changed(ex), keyed(ex) {}

  const build_options options;
  /// The build's first session. Definitions name options.names.id; in another try of the build the id is a new one, because the
  /// daemon may not have noticed yet that the first session is gone.
  const std::string session_id;
  stop_request& stop;
  progress::event_sink& events;
  blocking_pool& pool;
  const logger& log;
  std::shared_ptr<traffic> seen = std::make_shared<traffic>();
  std::shared_ptr<session::shared_contexts> contexts = std::make_shared<session::shared_contexts>();
  /// `control` is for Solve and Status. `carrier` is for bulk data, so that it delays neither. Where sessions have an entry of
  /// their own only those of keyed contexts use it, because the entry refuses an id that it has not forgotten yet; it is null
  /// when there are none.
  std::shared_ptr<h2grpc::connection> control;
  std::shared_ptr<h2grpc::connection> carrier;
  service_events shown;
  bool all_solved = false;
  /// All solves of the build; outlive whatever runs.
  std::vector<solve_state*> solves;
  /// What the daemon builds for by itself (daemon_platform.hpp); absent until it was asked.
  std::optional<result<oci::platform>> platform;
  event platform_known;
  /// What the daemon was asked about images; equal questions share an answer.
  std::map<std::pair<std::string, std::string>, std::shared_ptr<image_answer>> images;
  /// The preparation of all programs, and a look for the default SBOM scanner: done once, by the first solve that gets there.
  bool planned = false;
  bool planning = false;
  event plans_changed;
  context_sessions keyed;
  /// Why the daemon cannot give the scanner.
  std::optional<std::string> scanner_missing;
};

/// One solve of the build. The daemon tells exporters apart by their position in a solve only, so each solve has a session of
/// its own for what it exports (session/filesync/filesync.go).
struct solve_state {
  solve_state(build_state& b, std::size_t i);

  /// An SBOM would be nice, and nobody insists on it.
  bool sbom_is_optional() const { return request.sbom_is_optional && request.attest.sbom; }

  build_state& build;
  const std::size_t index;
  /// As it was asked for; prepare_solve() completes it.
  solve_request request;
  /// Runs on our side of the gateway; null when Control.Solve carries everything.
  std::shared_ptr<gateway_program> program;
  std::shared_ptr<session::export_targets> targets = std::make_shared<session::export_targets>();
  /// Of the export into Docker's store, if there is one.
  std::shared_ptr<docker_delivery> delivery;
  std::optional<session::session> callbacks;  ///< made by prepare_solve()
  bool solved = false;  ///< the daemon has answered, or never will
  /// Set when the session ended before that.
  std::optional<failure> session_lost;
  /// What the first try has done shall not be done again, also by a build that used no cache.
  bool uses_cache = false;
  std::optional<failure> why;
  /// The program could not be prepared.
  std::optional<failure> plan_failure;
  service_outcome outcome;
};

/// Chooses exporters for Docker stores, where it fails when the engine cannot be reached, and makes the session.
task<result<void>> prepare_solve(solve_state& state);

/// Serves the session until it ends. A session that ends before its solve makes the build fail; after it, that is the
/// normal end.
task<result<void>> run_session(solve_state& state);

/// Solves and shows the progress; the result is in `outcome` or `why`. Without an SBOM when that is optional and its
/// scanner is missing; that is found out before the first step runs, or, when only its layers are missing, by a second try,
/// which uses the cache. Ends a few seconds after the daemon's answer at the latest.
task<void> run_solve(solve_state& state);

}  // namespace peelbox::client
