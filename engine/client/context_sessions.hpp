// Contexts whose sessions have ids that follow from their fingerprints, so that the daemon does not ask for what it has.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/event.hpp"
#include "engine/client/frontend_session.hpp"
#include "engine/filesync/fingerprinted_context.hpp"
#include "engine/llb/local_sessions.hpp"
#include "engine/session/content_id.hpp"
#include "engine/session/session.hpp"

namespace peelbox::client {

struct build_state;
struct platform_build;

/// One local source of the build's definitions. The daemon's cache key of such a source is a digest of its session's id and
/// the patterns (source/local/source.go, CacheKey).
struct context_session {
  llb::local_request request;
  std::shared_ptr<const filesync::fingerprinted_context> judged;
  session::held_id id;
  std::chrono::milliseconds took{0};
  std::optional<session::session> serving = {};
  bool ended = false;
};

/// How long a daemon may take to end a session that was closed, so that its id is free again; a busy one takes some tenths of a second.
inline constexpr std::chrono::seconds closing_limit{1};

/// Those of one build.
struct context_sessions {
  explicit context_sessions(executor ex) : changed(ex) {}

  std::vector<std::unique_ptr<context_session>> all;
  /// All contexts have been looked at; nothing is added any more.
  bool known = false;
  bool shown = false;  ///< what services share has been decided with the ids
  /// Which of the ids of their contents they have; another one when who served the last was lost.
  unsigned variant = 0;
  bool closing = false;  ///< nobody needs the sessions any more
  /// A transfer found another tree than the fingerprint describes, so the ids are not used any more.
  bool outdated = false;
  /// With keeps_session(), when all is known.
  std::optional<frontend_session> frontend;
  bool main_ended = false;  ///< the session of the first solve
  event changed;
};

/// Looks at the contexts that build_options::keyed_contexts names, all at the same time. What cannot be judged, or has no id, is
/// served by the build's own session as ever. Never fails.
task<result<void>> judge_contexts(build_state& build);
/// Waits for that. When the connections are open.
task<void> contexts_judged(build_state& build);

/// Waits until everything that changed last at `newest` (ns of the wall clock) has come to rest; false when that takes too long or the
/// build is cancelled.
task<bool> settled(std::int64_t newest);

/// Opens the sessions when all is judged, and serves each until it ends; where another build of this user serves the same, not before
/// that has ended. None of them can make the build fail: what the daemon does
/// not find there it asks the build's own session for, after five seconds.
task<result<void>> serve_contexts(build_state& build);
/// Gives other ids to the contexts that the daemon did not ask this build for, after a solve that began with `failed` as variant. False
/// when there are no more.
bool take_other_ids(build_state& build, unsigned failed);
/// From now on contexts are sent by the build's own session as they are found, and the ids are left to others.
void leave_ids(build_state& build);
/// Ends them in order and waits a moment, so that the daemon has forgotten the ids when somebody else takes them.
task<void> close_contexts(build_state& build);

/// Names the sessions in a definition that goes to the daemon. Call it when all is judged.
void name_sessions(const build_state& build, pb::Definition& definition);
std::vector<platform_build> with_sessions(const build_state& build, std::vector<platform_build> parts);

}  // namespace peelbox::client
