// moby.filesync.v1.Auth: registry credentials for the daemon.
#pragma once

#include <functional>
#include <string>

#include "h2grpc/rpc/server.hpp"

namespace peelbox::session {

struct registry_login {
  std::string username;  ///< empty together with secret: anonymous
  std::string secret;
};

/// Finds the login for a registry host as the daemon names it ("registry-1.docker.io").
using login_lookup = std::function<task<result<registry_login>>(std::string host)>;

/// Adds Auth/Credentials. The token calls are left unimplemented: the daemon then exchanges tokens itself with what
/// Credentials gave it (util/resolver/authorizer.go). No login known is an empty answer, not an error.
void add_auth_service(h2grpc::method_table& methods, login_lookup lookup);

}  // namespace peelbox::session
