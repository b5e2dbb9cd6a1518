#include "cli/registry_access.hpp"

#include <algorithm>
#include <utility>

#include "engine/docker/config.hpp"

namespace peelbox::cli {

std::shared_ptr<docker::login_book> make_login_book(const surroundings& with) {
  result<docker::config> loaded = docker::load_config(with.env);
  if (loaded.has_error()) with.say("warning: registries are used without a login: " + loaded.error().text);
  return std::make_shared<docker::login_book>(loaded.has_value() ? std::move(*loaded) : docker::config{}, with.pool, with.say);
}

registry::client_options registry_options(const surroundings& with, std::vector<std::string> insecure) {
  registry::client_options options;
  options.login = [logins = make_login_book(with)](std::string host) { return logins->find(std::move(host)); };
  options.variables = with.env;
  options.waits = [say = with.say](std::string line) { say("warning: " + line); };
  options.settings = [variables = with.env, insecure = std::move(insecure)](std::string_view host) {
    result<registry::host_settings> found = registry::find_settings(host, variables);
    if (found.has_value() && std::find(insecure.begin(), insecure.end(), host) != insecure.end()) found->insecure = true;
    return found;
  };
  return options;
}

}  // namespace peelbox::cli
