// Registries as this person reaches them: Docker's logins and certificates, proxies, and what flags say.
#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"
#include "engine/docker/login_book.hpp"
#include "engine/registry/client.hpp"

namespace peelbox::cli {

/// Logins from Docker's configuration. If that is broken, warns once and uses no logins.
std::shared_ptr<docker::login_book> make_login_book(const surroundings& with);

/// `insecure`: hosts (HOST[:PORT]) whose certificates are not verified, and that may be without TLS.
registry::client_options registry_options(const surroundings& with, std::vector<std::string> insecure);

}  // namespace peelbox::cli
