// Who we are for a registry.
#pragma once

#include <chrono>
#include <string>

#include "engine/async/asio.hpp"
#include "engine/async/blocking_pool.hpp"
#include "engine/docker/config.hpp"

namespace peelbox::docker {

/// A login. All fields empty: none is known, which is not an error. Never log it.
struct credentials {
  /// Empty when `secret` is an identity token (PROTOCOL: Auth.Credentials answers it like that).
  std::string username;
  std::string secret;
  /// A ready bearer token ("registrytoken"), for FetchToken only.
  std::string registry_token;

  bool empty() const noexcept { return username.empty() && secret.empty() && registry_token.empty(); }
};

/// [p] Looks up `host` among entries: by exact key, then by host. errc::usage when the entry's `auth` is not base64 of
/// "user:password"; `source` (file or variable) is named, the value is not.
result<credentials> find_in_auths(const std::map<std::string, auth_entry>& auths, std::string_view host,
                                  std::string_view source);

/// [p] The helper that is responsible for `host`; empty: none is, so `auths` counts.
std::string helper_of(const config& from, std::string_view host);

/// The login for `host` ("registry.example.com:5000", "registry-1.docker.io", or a server URL), in Docker's order:
/// DOCKER_AUTH_CONFIG, credHelpers, credsStore, auths. A helper runs on `pool` for at most two minutes; cancelling kills it.
/// Failures as of run_credential_helper, with the registry named.
task<result<credentials>> find_credentials(std::string host, config from, blocking_pool& pool);

}  // namespace peelbox::docker
