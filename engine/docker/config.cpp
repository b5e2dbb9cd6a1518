#include "engine/docker/config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "engine/data/json.hpp"
#include "engine/docker/read_file.hpp"

namespace peelbox::docker {
namespace {

using data::json::value;

failure wrong(std::string_view file, std::string_view key, std::string_view reason) {
  return failure(errc::usage, fmt::format("{}: {}{}{}", file, key, key.empty() ? "" : " ", reason), origin::user);
}

/// A key of the file, for messages.
std::string in_quotes(std::string_view outer, std::string_view name) {
  return fmt::format("{}[\"{}\"]", outer, name.substr(0, 200));
}

/// Absent and null count as empty.
result<void> take_string(const value& from, const char* name, std::string& to, std::string_view file,
                         std::string_view outer) {
  const value* found = data::member(from, name);
  if (found == nullptr) return {};
  if (!found->is_string())
    return wrong(file, outer.empty() ? std::string(name) : fmt::format("{}.{}", outer, name), "is not a string");
  to = data::text_of(from, name);
  return {};
}

/// Calls `each(name, value)` for the members of the object `name`; absent and null count as empty.
template <class Each>
result<void> for_members(const value& root, const char* name, std::string_view file, Each each) {
  const value* found = data::member(root, name);
  if (found == nullptr) return {};
  if (!found->is_object()) return wrong(file, name, "is not an object");
  for (const auto& one : found->get_object()) {
    result<void> r = each(std::string_view(one.key().data(), one.key().size()), one.value());
    if (r.has_error()) return r;
  }
  return {};
}

result<auth_entry> parse_entry(const value& members, std::string_view file, const std::string& key) {
  auth_entry entry;
  if (members.is_null()) return entry;
  if (!members.is_object()) return wrong(file, key, "is not an object");
  const std::array<std::pair<const char*, std::string*>, 5> fields{{{"auth", &entry.auth},
                                                                    {"username", &entry.username},
                                                                    {"password", &entry.password},
                                                                    {"identitytoken", &entry.identity_token},
                                                                    {"registrytoken", &entry.registry_token}}};
  for (const auto& [name, to] : fields) {
    auto r = take_string(members, name, *to, file, key);
    if (r.has_error()) return r.error();
  }
  return entry;
}

/// docker/cli, cli/config/credentials/default_store_linux.go.
std::string default_store(const environment& variables) {
  const std::string name = find_program(variables, "pass") ? "pass" : "secretservice";
  return find_program(variables, "docker-credential-" + name) ? name : std::string();
}

}  // namespace

result<config> parse_config(std::string_view json, std::string_view file) {
  if (json.size() > largest_config_file)
    return failure(errc::limit, fmt::format("{}: it is larger than {} MiB", file, largest_config_file >> 20), origin::user);
  config c;
  c.file = file;
  if (json.find_first_not_of(" \t\r\n") == json.npos) return c;  // Docker, too, takes an empty file for {}
  const auto root = data::parse_json(json, file);
  if (root.has_error()) return failure(errc::usage, root.error().text, origin::user);
  if (!root->is_object()) return wrong(file, "", "is not a JSON object");

  auto r = for_members(*root, "auths", file, [&](std::string_view name, const value& content) -> result<void> {
    auto entry = parse_entry(content, file, in_quotes("auths", name));
    if (entry.has_error()) return entry.error();
    c.auths[std::string(name)] = std::move(*entry);
    return {};
  });
  if (r.has_error()) return r.error();
  r = for_members(*root, "credHelpers", file, [&](std::string_view name, const value& content) -> result<void> {
    if (!content.is_string()) return wrong(file, in_quotes("credHelpers", name), "is not a string");
    c.cred_helpers[std::string(name)] = std::string(content.get_string());
    return {};
  });
  if (r.has_error()) return r.error();
  r = for_members(*root, "proxies", file, [&](std::string_view name, const value& content) -> result<void> {
    constexpr std::array<std::pair<const char*, const char*>, 4> fields{
        {{"httpProxy", "HTTP_PROXY"}, {"httpsProxy", "HTTPS_PROXY"}, {"ftpProxy", "FTP_PROXY"}, {"noProxy", "NO_PROXY"}}};
    for (const auto& [field, argument] : fields) {
      std::string text;
      result<void> taken = take_string(content, field, text, file, in_quotes("proxies", name));
      if (taken.has_error()) return taken;
      if (!text.empty()) c.proxies[std::string(name)][argument] = std::move(text);
    }
    return {};
  });
  if (r.has_error()) return r.error();
  r = take_string(*root, "credsStore", c.creds_store, file, "");
  if (r.has_error()) return r.error();
  return c;
}

result<config> load_config(const environment& variables) {
  std::string directory = variables("DOCKER_CONFIG").value_or("");
  if (directory.empty()) {
    const std::string home = variables("HOME").value_or("");
    if (!home.empty()) directory = home + "/.docker";
  }
  config c;
  if (!directory.empty()) {
    const std::string path = directory + "/config.json";
    auto text = read_small_file(path);
    if (text.has_error()) return std::move(text).error();
    if (text->has_value()) {
      auto parsed = parse_config(**text, path);
      if (parsed.has_error()) return parsed;
      c = std::move(*parsed);
    }
  }
  if (c.auths.empty() && c.cred_helpers.empty() && c.creds_store.empty()) {
    c.creds_store = default_store(variables);
    c.default_store = !c.creds_store.empty();
  }
  if (const auto text = variables("DOCKER_AUTH_CONFIG"); text && !text->empty()) {
    auto parsed = parse_config(*text, "environment variable DOCKER_AUTH_CONFIG");
    if (parsed.has_error()) return parsed;
    c.auths_of_environment = std::move(parsed->auths);
  }
  return c;
}

const std::map<std::string, std::string>& proxy_arguments(const config& of, const std::string& host) {
  static const std::map<std::string, std::string> none;
  for (const std::string& key : {host, std::string("default")})
    if (const auto found = of.proxies.find(key); found != of.proxies.end()) return found->second;
  return none;
}

std::string_view host_of_key(std::string_view key) {
  for (const std::string_view scheme : {std::string_view("https://"), std::string_view("http://")})
    if (key.starts_with(scheme)) {
      key.remove_prefix(scheme.size());
      break;
    }
  return key.substr(0, key.find('/'));
}

std::string registry_key(std::string_view host) {
  const std::string_view name = host_of_key(host);
  if (name == "docker.io" || name == "index.docker.io" || name == "registry-1.docker.io")
    return "https://index.docker.io/v1/";
  return std::string(host);
}

}  // namespace peelbox::docker
