// moby.filesync.v1.Auth: registry credentials for the daemon.
#pragma once

#include <functional>
#include <string>

#include "engine/session/attachable.hpp"
#include "h2grpc/rpc/server.hpp"

namespace peelbox::session {

struct registry_login {
  std::string username;  ///< empty together with secret: anonymous
  std::string secret;
  std::string bearer_token;  ///< not empty: what the registry takes instead of a token that it would give for a login
};

/// Finds the login for a registry host as the daemon names it ("registry-1.docker.io"). Runs on the build's thread, for several hosts
/// at a time; cancelled when the daemon no longer waits for it. A failure is what the daemon is told.
using login_lookup = std::function<task<result<registry_login>>(std::string host)>;

/// Adds the service. Credentials gives the login, and an empty answer, not an error, where none is known. The three calls
/// about tokens hand out a bearer token that stands in the configuration; for all other registries they answer
/// unavailable, and the daemon exchanges tokens itself with what Credentials gave it (util/resolver/authorizer.go).
void add_auth_service(h2grpc::method_table& methods, login_lookup lookup);
/// The same for several sessions.
attachable logins(login_lookup lookup);

}  // namespace peelbox::session
