// moby.filesync.v1.Auth: registry credentials for the daemon.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

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

/// What a registry's challenge says, as the daemon passes it on.
struct token_wish {
  std::string host;
  std::string realm;
  std::string service;
  std::vector<std::string> scopes;
  std::string client_id;
};
struct fetched_token {
  std::string value;
  std::chrono::seconds expires_in{60};
  std::chrono::system_clock::time_point issued_at;
};

struct auth_source {
  login_lookup login;
  /// Fetches a token for a login. Empty: the daemon does that, with what Credentials gives it.
  std::function<task<result<fetched_token>>(token_wish wish, registry_login login)> fetch;
  /// What stands for a login in the daemon's keys, without telling it; the same login gives the same text. Needed with `fetch`.
  std::function<std::string(std::string_view host, const registry_login& login)> stand_in;
};

/// Adds the service. A daemon that meets a Bearer challenge asks for a key first (GetTokenAuthority); where it gets one, tokens come
/// from FetchToken and the login never leaves us. Where it gets unavailable, because there is no `fetch` and no bearer token in the
/// configuration, it exchanges tokens itself with what Credentials gives it, as it does for Basic challenges
/// (util/resolver/authorizer.go of BuildKit). Credentials answers empty, not with an error, where no login is known.
void add_auth_service(h2grpc::method_table& methods, auth_source source);
/// The same for several sessions.
attachable logins(auth_source source);

}  // namespace peelbox::session
