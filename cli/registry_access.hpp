// Registries as this person reaches them: Docker's logins and certificates, proxies, and what flags say.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "engine/docker/login_book.hpp"
#include "engine/registry/client.hpp"
#include "engine/registry/token_source.hpp"

namespace peelbox::cli {

/// Logins from Docker's configuration. If that is broken, warns once and uses no logins.
std::shared_ptr<docker::login_book> make_login_book(const surroundings& with);

/// `insecure`: hosts (HOST[:PORT]) whose certificates are not verified, and that may be without TLS.
registry::client_options registry_options(const surroundings& with, std::vector<std::string> insecure);

/// "host=HOST[,ca=FILE][,cert=FILE,key=FILE][,insecure=true]" of buildctl's --registry-auth-tlscontext, by host. errc::usage for
/// unknown and missing fields, half a pair, and a host that is given twice. [p]
result<std::map<std::string, registry::host_settings, std::less<>>> parse_registry_tls(const std::vector<std::string>& texts);

/// How token servers are reached: as registry_options() says for the server's host, else as for the registry's.
registry::token_source_options token_options(const surroundings& with, std::map<std::string, registry::host_settings, std::less<>> given);

}  // namespace peelbox::cli
