#include "engine/docker/engine_address.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "engine/data/json.hpp"
#include "engine/docker/read_file.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::docker {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view default_socket = "unix:///var/run/docker.sock";
constexpr std::string_view rootless_name = "/docker.sock";
constexpr std::size_t most_named = 20;

failure wrong(std::string text) { return failure(errc::usage, std::move(text), origin::user); }

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string config_directory(const environment& variables) {
  std::string directory = variables("DOCKER_CONFIG").value_or("");
  if (directory.empty())
    if (const std::string home = variables("HOME").value_or(""); !home.empty()) directory = home + "/.docker";
  return directory;
}

/// Docker's file names are ca.pem, cert.pem and key.pem; each may be missing.
void add_material(transport::tls_options& tls, const std::string& directory) {
  const auto pick = [&](const char* name) {
    return transport::tls_material::file(exists(directory + "/" + name) ? directory + "/" + name : "");
  };
  tls.ca = pick("ca.pem");
  tls.certificate = pick("cert.pem");
  tls.key = pick("key.pem");
}

std::string known_contexts(const std::string& directory) {
  std::string names = "default";
  std::error_code error;
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(directory + "/contexts/meta", error)) {
    const std::string file = entry.path().string() + "/meta.json";
    const auto text = read_small_file(file);
    if (text.has_error() || !*text) continue;
    const auto meta = parse_context_meta(**text, file);
    if (meta.has_error()) continue;
    if (++count > most_named) return names + ", …";
    names += ", " + meta->name;
  }
  return names;
}

result<engine_address> of_context(const std::string& directory, const std::string& name, std::string_view chosen_by) {
  const std::string id = oci::digest_of(name).substr(7);
  const std::string file = directory + "/contexts/meta/" + id + "/meta.json";
  auto text = read_small_file(file);
  if (text.has_error()) return std::move(text).error();
  const std::string source = fmt::format("docker context \"{}\"{}", name, chosen_by);
  if (!*text)
    return wrong(fmt::format("{}: there is no such context; there are: {}. `docker context ls` lists them", source,
                             known_contexts(directory)));
  auto meta = parse_context_meta(**text, file);
  if (meta.has_error()) return std::move(meta).error();
  const std::string material = directory + "/contexts/tls/" + id + "/docker";
  transport::tls_options tls;
  add_material(tls, material);
  if (meta->skip_verify)
    return failure(errc::unsupported,
                   source + ": it skips the verification of the engine's certificate, which peelbox never does; give "
                            "the context the authority's certificate (docker context update … ca=FILE)",
                   origin::user);
  auto address = parse_engine_host(meta->host, !tls.empty(), source);
  if (address.has_value()) address->tls = std::move(tls);
  return address;
}

result<engine_address> of_docker_host(const environment& variables, const std::string& host) {
  // Any value of DOCKER_TLS_VERIFY but the empty one turns TLS on, as with docker (cli/flags/options.go).
  const bool tls = !variables("DOCKER_TLS_VERIFY").value_or("").empty() || host.starts_with("https://");
  auto address = parse_engine_host(host, tls, "DOCKER_HOST");
  if (address.has_error() || !tls || address->where.kind != transport::scheme::tcp) return address;
  std::string directory = variables("DOCKER_CERT_PATH").value_or("");
  if (directory.empty()) directory = config_directory(variables);
  add_material(address->tls, directory);
  // Without a certificate authority the system's are used; setting the name turns TLS on.
  if (address->tls.empty()) address->tls.server_name = address->where.host;
  return address;
}

engine_address of_default_socket(const environment& variables) {
  engine_address address;
  address.source = "Docker's default socket";
  std::string text(default_socket);
  if (!exists("/var/run/docker.sock")) {
    const std::string runtime = variables("XDG_RUNTIME_DIR").value_or("");
    if (runtime.starts_with('/') && exists(runtime + std::string(rootless_name))) {
      text = "unix://" + runtime + std::string(rootless_name);
      address.source = "the rootless engine's socket";
    }
  }
  auto where = transport::parse_endpoint(text);
  // The path may be too long for a socket; then nothing can listen there.
  if (where.has_error()) where = transport::parse_endpoint(default_socket);
  address.where = std::move(*where);
  return address;
}

result<std::string> current_context(const std::string& directory) {
  const std::string file = directory + "/config.json";
  auto text = read_small_file(file);
  if (text.has_error()) return std::move(text).error();
  if (!*text || (*text)->find_first_not_of(" \t\r\n") == std::string::npos) return std::string();
  const auto tree = data::parse_json(**text, file);
  if (tree.has_error()) return wrong(tree.error().text);
  return std::string(data::text_of(*tree, "currentContext"));
}

}  // namespace

result<engine_address> parse_engine_host(std::string_view host, bool tls, std::string source) {
  std::string text(host);
  if (text.starts_with("http://")) text = "tcp://" + text.substr(7);
  if (text.starts_with("https://")) text = "tcp://" + text.substr(8);
  if (text.find("://") == std::string::npos) text = (text.starts_with('/') ? "unix://" : "tcp://") + text;
  while (text.starts_with("tcp://") && text.ends_with('/')) text.pop_back();
  // The port that is registered for Docker, when none is given.
  if (text.starts_with("tcp://") && text.find(':', text.rfind(']') == text.npos ? 6 : text.rfind(']')) == text.npos)
    text += tls ? ":2376" : ":2375";
  auto where = transport::parse_endpoint(text);
  if (where.has_error()) return std::move(where).error().in(source);
  const auto kind = where->kind;
  if (kind != transport::scheme::unix_socket && kind != transport::scheme::tcp && kind != transport::scheme::ssh)
    return wrong(fmt::format("{}: a Docker engine is not reached by {}:// (unix://, tcp:// and ssh:// are possible)",
                             source, to_string(kind)));
  engine_address address;
  address.where = std::move(*where);
  address.source = std::move(source);
  return address;
}

result<context_meta> parse_context_meta(std::string_view json, std::string_view file) {
  const auto tree = data::parse_json(json, file);
  if (tree.has_error()) return wrong(tree.error().text);
  context_meta meta;
  meta.name = data::text_of(*tree, "Name");
  const data::json::value* endpoints = data::member(*tree, "Endpoints");
  const data::json::value* docker = endpoints == nullptr ? nullptr : data::member(*endpoints, "docker");
  const data::json::value* host = docker == nullptr ? nullptr : data::member(*docker, "Host");
  if (host == nullptr || !host->is_string()) return wrong(fmt::format("{}: Endpoints.docker.Host is missing", file));
  meta.host = data::text_of(*docker, "Host");
  if (const data::json::value* skip = data::member(*docker, "SkipTLSVerify"); skip != nullptr && skip->is_bool())
    meta.skip_verify = skip->get_bool();
  return meta;
}

result<engine_address> find_engine(const environment& variables, std::string_view context) {
  const std::string directory = config_directory(variables);
  std::string name(context);
  std::string_view chosen_by;
  if (name.empty()) {
    if (const auto host = variables("DOCKER_HOST"); host && !host->empty()) return of_docker_host(variables, *host);
    if (const auto chosen = variables("DOCKER_CONTEXT"); chosen && !chosen->empty()) {
      name = *chosen;
      chosen_by = " (DOCKER_CONTEXT)";
    } else if (!directory.empty()) {
      auto current = current_context(directory);
      if (current.has_error()) return std::move(current).error();
      name = *current;
      chosen_by = " (currentContext of Docker's configuration)";
    }
  }
  if (name.empty() || name == "default") return of_default_socket(variables);
  return of_context(directory, name, chosen_by);
}

}  // namespace peelbox::docker
