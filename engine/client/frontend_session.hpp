// The session of a build that a frontend of the daemon makes, with an id that an earlier build had when nothing changed since.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/client/known_sessions.hpp"
#include "engine/filesync/fingerprinted_context.hpp"

namespace peelbox::client {

struct build_state;
struct build_options;

/// A frontend asks for directories in the session of its solve (frontend/dockerui, BuildOpts.SessionID), and only then we hear of
/// what. So what was asked for and given in a session is written down, and a later build that finds the same by looking uses
/// the id of that session again: the daemon has all answers and does not ask.
struct frontend_session {
  explicit frontend_session(known_sessions k) : known(std::move(k)) {}

  known_sessions known;
  std::string id;
  /// What was asked for before, as it is now. A request for one of these gets that or nothing.
  std::vector<std::shared_ptr<const filesync::fingerprinted_context>> looked;
  std::chrono::milliseconds took{0};
  /// The id is that of an earlier build.
  bool reused = false;
};

/// Whether the build's session may be one that later builds use again.
bool keeps_session(const build_options& options);

/// Looks at what a frontend asked for in the newest known session of this kind of build, and takes the id. Never fails.
task<result<void>> judge_frontend(build_state& build);

/// Gives the id up, when the session cannot be opened in a way in which ids may return.
void leave_known_session(build_state& build);

/// When the session was closed: waits a moment until the daemon has forgotten it, and writes down what it has.
task<void> keep_session(build_state& build);

/// The directory was not asked for, because the daemon has it. With keeps_session() only.
bool is_unchanged(const build_state& build, const std::string& name);

}  // namespace peelbox::client
