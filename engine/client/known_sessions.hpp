// Sessions of earlier builds that a frontend asked for files: what the daemon has of them, kept in files of the user.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/session/filesync_service.hpp"
#include "engine/session/user_secret.hpp"

namespace peelbox::client {

/// The id of a session, and everything that was sent in it.
struct known_session {
  std::string id;
  std::vector<session::sent_context> sent;
};

/// The sessions of builds of one kind: the same frontend with the same directories on the same daemon. Each is a file of
/// its own, which appears and vanishes as a whole, so that builds at the same time need no lock. Everything blocks briefly.
class known_sessions {
 public:
  /// `kind` tells kinds of builds apart; it goes into a digest. There is nothing when the user's secret is not kept.
  known_sessions(const session::user_secret& user, std::string_view kind);

  /// The newest first. What cannot be read is left out.
  std::vector<known_session> all() const;
  /// Takes a session out, for the build that uses its id: false when somebody else did. A build that dies does not put it
  /// back, so an id that the daemon may still have a connection for is not used again.
  bool take(const std::string& id) const;
  /// Puts a session in, when the daemon has ended it. Of those that nobody used for the longest time some go.
  result<void> put(const known_session& one) const;

 private:
  std::string path_of(const std::string& id) const;

  std::string folder_;  // empty: nothing is kept
  std::string prefix_;
};

}  // namespace peelbox::client
