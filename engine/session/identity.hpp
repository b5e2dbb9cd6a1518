// Names of a session.
#pragma once

#include <string>

namespace peelbox::session {

/// What the daemon knows a session by (session/session.go).
struct identity {
  /// Unique per build; named by SolveRequest.Session.
  std::string id;
  /// Equal across builds of the same context: part of the key under which the daemon keeps the transferred tree
  /// (source/local/source.go), so that a second build sends only what changed.
  std::string shared_key;
};

/// A fresh random identifier: 25 characters of base 36, as identity/randomid.go makes them.
std::string random_id();

/// Key for the tree at `canonical_path` filtered by `ignore_mode` on this machine.
std::string shared_key_for(const std::string& canonical_path, const std::string& ignore_mode);

}  // namespace peelbox::session
