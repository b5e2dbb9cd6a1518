// Docker's config.json, as far as logins to registries and proxies of builds go.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/async/environment.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::docker {


/// One entry of "auths", as it was written. `auth` is base64 of "user:password" and goes before username/password.
struct auth_entry {
  std::string auth;
  std::string username;
  std::string password;
  std::string identity_token;
  std::string registry_token;

  bool empty() const noexcept {
    return auth.empty() && username.empty() && password.empty() && identity_token.empty() && registry_token.empty();
  }
};

/// Logins by registry (docker/cli, cli/config/configfile). Holds secrets: never log it.
struct config {
  /// Where it was read from, for messages; empty when there is no file.
  std::string file;
  std::map<std::string, auth_entry> auths;
  /// Registry -> NAME of the program docker-credential-NAME.
  std::map<std::string, std::string> cred_helpers;
  /// The helper for all other registries; empty: `auths` is used.
  std::string creds_store;
  /// True when nothing was configured and `creds_store` is this system's default; then its failure means "no
  /// login".
  bool default_store = false;
  /// Entries of DOCKER_AUTH_CONFIG, which come before everything else.
  std::map<std::string, auth_entry> auths_of_environment;
  /// Engine's address or "default" -> arguments of builds, such as HTTP_PROXY, which may hold passwords.
  std::map<std::string, std::map<std::string, std::string>> proxies;
};

/// [p] Reads a config.json. A failure names `file` and the key, but never a value, which may be secret.
/// Unknown keys are ignored.
result<config> parse_config(std::string_view json, std::string_view file);

/// Reads $DOCKER_CONFIG/config.json or ~/.docker/config.json and DOCKER_AUTH_CONFIG. Without a file there are no
/// logins. When no login is configured at all, the helper "pass" or "secretservice" is used if it is installed.
result<config> load_config(const environment& variables);

/// [p] The arguments that builds get for their proxies on the engine at `host` (docker/cli, cli/config/configfile,
/// ParseProxyConfig): HTTP_PROXY, HTTPS_PROXY, FTP_PROXY, NO_PROXY.
const std::map<std::string, std::string>& proxy_arguments(const config& of, const std::string& host);

/// [p] The key under which Docker keeps a registry's login: "https://index.docker.io/v1/" for all names of Docker
/// Hub, otherwise the host itself.
std::string registry_key(std::string_view host);

/// [p] "host[:port]" of a key of "auths", which may carry a scheme and a path.
std::string_view host_of_key(std::string_view key);

}  // namespace peelbox::docker
