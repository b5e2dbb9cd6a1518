// Names of a session.
#pragma once

#include <string>

namespace peelbox::session {

class user_secret;

/// How the daemon identifies a session (session/session.go).
struct identity {
  /// Unique per build; named by SolveRequest.Session.
  std::string id;
  /// Equal across builds of the same context: part of the key under which the daemon keeps the transferred tree
  /// (source/local/source.go), so that a second build sends only what changed.
  std::string shared_key;
};

/// A fresh random identifier: 25 characters of base 36, as identity/randomid.go makes them.
std::string random_id();

/// Key for the tree at `canonical_path` filtered by `ignore_mode`, of this user on this machine. A name of the machine alone
/// would not do: of two machines with one name the daemon would take equal size and time for equal content. A user
/// secret alone neither, because home directories are shared and copied; so host name and /etc/machine-id count too.
std::string shared_key_for(const user_secret& user, const std::string& canonical_path, const std::string& ignore_mode);

/// What tells machines apart that run with one home directory: host name and /etc/machine-id, each where there is one.
std::string machine_text();

}  // namespace peelbox::session
