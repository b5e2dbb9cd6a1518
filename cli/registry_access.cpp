#include "cli/registry_access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/csv_fields.hpp"
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

result<std::map<std::string, registry::host_settings, std::less<>>> parse_registry_tls(const std::vector<std::string>& texts) {
  std::map<std::string, registry::host_settings, std::less<>> all;
  for (const std::string& text : texts) {
    const std::string where = "--registry-auth-tlscontext";
    const auto refuse = [&](std::string_view why) { return failure(errc::usage, fmt::format("{} {}: {}", where, text, why), origin::user); };
    auto fields = parse_fields(text);
    if (fields.has_error()) return fields.error().in(where);
    registry::host_settings settings;
    settings.tls.system_too = true;
    std::string host;
    for (const auto& [key, value] : *fields) {
      if (key == "host") host = value;
      else if (key == "ca") settings.tls.ca = transport::tls_material::file(value);
      else if (key == "cert") settings.tls.certificate = transport::tls_material::file(value);
      else if (key == "key") settings.tls.key = transport::tls_material::file(value);
      else if (key == "insecure" && (value == "true" || value == "false")) settings.insecure = value == "true";
      else if (key == "insecure") return refuse("insecure is true or false");
      else return refuse(fmt::format("there is no field '{}'; expected host, ca, cert, key, insecure", key));
    }
    if (host.empty()) return refuse("host=HOST is missing");
    if (settings.tls.certificate.empty() != settings.tls.key.empty()) return refuse("cert and key belong together");
    if (!all.emplace(host, std::move(settings)).second) return refuse("this host is given twice");
  }
  return all;
}

registry::token_source_options token_options(const surroundings& with, std::map<std::string, registry::host_settings, std::less<>> given) {
  registry::token_source_options options;
  options.variables = with.env;
  options.settings = [variables = with.env, given = std::move(given)](std::string_view registry, std::string_view server) {
    if (const auto said = given.find(registry); said != given.end()) return result<registry::host_settings>(said->second);
    result<registry::host_settings> of_server = registry::find_settings(server, variables);
    if (of_server.has_error() || !of_server->tls.ca.empty()) return of_server;
    result<registry::host_settings> of_registry = registry::find_settings(registry, variables);
    if (of_registry.has_value() && !of_registry->tls.ca.empty()) return of_registry;
    return of_server;
  };
  return options;
}

}  // namespace peelbox::cli
