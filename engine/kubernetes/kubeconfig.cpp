#include "engine/kubernetes/kubeconfig.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/async/base64.hpp"
#include "engine/data/yaml.hpp"

namespace peelbox::kubernetes {
namespace {

using data::value;

/// One named entry of a file, for what is said about it.
struct place {
  const std::string& file;
  std::string entry;

  failure wrong(std::string_view what) const {
    return failure(errc::usage, fmt::format("kubeconfig {}: {}: {}", file, entry, what), origin::user);
  }
};

std::string beside(const std::string& file, const std::string& path) {
  if (path.empty() || path.starts_with('/')) return path;
  const auto slash = file.rfind('/');
  return slash == file.npos ? path : file.substr(0, slash + 1) + path;
}

const std::string& text_of(const value& from, std::string_view key) { return from[key].text; }

/// A text in base64 that becomes PEM.
result<std::string> pem_of(const place& at, const value& from, std::string_view key, std::string_view other) {
  std::string encoded = text_of(from, key);
  std::erase_if(encoded, [](char c) { return c == '\n' || c == ' ' || c == '\r'; });
  if (encoded.empty()) return std::string();
  if (!text_of(from, other).empty()) return at.wrong(fmt::format("{} and {} exclude each other", key, other));
  std::optional<std::string> decoded = decode_base64(encoded);
  if (!decoded) return at.wrong(fmt::format("{} is not base64", key));
  return std::move(*decoded);
}

result<bool> truth(const place& at, const value& from, std::string_view key) {
  const std::string& text = text_of(from, key);
  if (text.empty() || text == "false") return false;
  if (text == "true") return true;
  return at.wrong(fmt::format("{} has to be true or false", key));
}

result<cluster_entry> cluster_of(const place& at, const value& from) {
  cluster_entry made;
  made.server = text_of(from, "server");
  made.ca_file = beside(at.file, text_of(from, "certificate-authority"));
  made.tls_server_name = text_of(from, "tls-server-name");
  made.proxy_url = text_of(from, "proxy-url");
  result<std::string> ca = pem_of(at, from, "certificate-authority-data", "certificate-authority");
  if (ca.has_error()) return ca.error();
  made.ca_data = std::move(*ca);
  result<bool> insecure = truth(at, from, "insecure-skip-tls-verify");
  if (insecure.has_error()) return insecure.error();
  made.insecure = *insecure;
  if (made.insecure && (!made.ca_file.empty() || !made.ca_data.empty()))
    return at.wrong("insecure-skip-tls-verify and a certificate authority exclude each other");
  return made;
}

result<exec_plugin> plugin_of(const place& at, const value& from) {
  exec_plugin made;
  made.api_version = text_of(from, "apiVersion");
  if (made.api_version != "client.authentication.k8s.io/v1" && made.api_version != "client.authentication.k8s.io/v1beta1")
    return at.wrong(fmt::format("exec: apiVersion \"{}\" is not supported; client.authentication.k8s.io/v1 and v1beta1 are: "
                                "update the plugin, or have its tool write the entry again",
                                made.api_version));
  made.command = text_of(from, "command");
  if (made.command.empty()) return at.wrong("exec: a command is missing");
  if (made.command.find('/') != made.command.npos) made.command = beside(at.file, made.command);
  made.args = from["args"].texts();
  for (const value& one : from["env"].items) {
    if (text_of(one, "name").empty() || text_of(one, "name").find('=') != std::string::npos)
      return at.wrong("exec: an element of env has no valid name");
    made.env.emplace_back(text_of(one, "name"), text_of(one, "value"));
  }
  made.install_hint = text_of(from, "installHint");
  result<bool> cluster = truth(at, from, "provideClusterInfo");
  if (cluster.has_error()) return cluster.error();
  made.wants_cluster = *cluster;
  const std::string& mode = text_of(from, "interactiveMode");
  if (mode == "Never") made.mode = exec_plugin::interaction::never;
  else if (mode == "Always") made.mode = exec_plugin::interaction::always;
  else if (mode != "IfAvailable" && !mode.empty())
    return at.wrong("exec: interactiveMode has to be Never, IfAvailable or Always");
  else if (mode.empty() && made.api_version.ends_with("/v1"))
    return at.wrong("exec: interactiveMode is missing, which client.authentication.k8s.io/v1 needs");
  return made;
}

result<user_entry> user_of(const place& at, const value& from) {
  user_entry made;
  made.certificate_file = beside(at.file, text_of(from, "client-certificate"));
  made.key_file = beside(at.file, text_of(from, "client-key"));
  result<std::string> certificate = pem_of(at, from, "client-certificate-data", "client-certificate");
  if (certificate.has_error()) return certificate.error();
  made.certificate_data = std::move(*certificate);
  result<std::string> key = pem_of(at, from, "client-key-data", "client-key");
  if (key.has_error()) return key.error();
  made.key_data = std::move(*key);
  const bool certified = !made.certificate_file.empty() || !made.certificate_data.empty();
  if (certified != (!made.key_file.empty() || !made.key_data.empty()))
    return at.wrong(certified ? "client-key is missing" : "client-certificate is missing");
  made.token = text_of(from, "token");
  made.token_file = beside(at.file, text_of(from, "tokenFile"));
  made.username = text_of(from, "username");
  made.password = text_of(from, "password");
  made.act_as = text_of(from, "as");
  made.act_as_uid = text_of(from, "as-uid");
  made.act_as_groups = from["as-groups"].texts();
  if (made.act_as.empty() && (!made.act_as_uid.empty() || !made.act_as_groups.empty()))
    return at.wrong("as-uid and as-groups need as");
  if ((!made.token.empty() || !made.token_file.empty()) && !made.username.empty())
    return at.wrong("a token and a user name exclude each other");
  if (from.has("auth-provider")) made.auth_provider = text_of(from["auth-provider"], "name");
  if (from["exec"].is(value::kind::object)) {
    result<exec_plugin> plugin = plugin_of(at, from["exec"]);
    if (plugin.has_error()) return plugin.error();
    made.exec = std::move(*plugin);
  }
  return made;
}

result<context_entry> context_of(const place&, const value& from) {
  return context_entry{text_of(from, "cluster"), text_of(from, "user"), text_of(from, "namespace")};
}

template <class Entry>
result<void> read_list(const value& root, const std::string& file, std::string_view list, std::string_view kind,
                       result<Entry> (*read)(const place&, const value&), std::map<std::string, Entry>& into) {
  for (const value& one : root[list].items) {
    const std::string& name = text_of(one, "name");
    const place at{file, fmt::format("{} \"{}\"", kind, name.substr(0, 100))};
    result<Entry> made = read(at, one[kind]);
    if (made.has_error()) return made.error();
    into.emplace(name, std::move(*made));
  }
  return {};
}

}  // namespace

result<kubeconfig> parse_kubeconfig(std::string_view text, const std::string& file) {
  kubeconfig made;
  if (text.find_first_not_of(" \t\r\n") == text.npos) return made;
  result<value> root = data::parse_yaml(text);
  if (root.has_error()) return root.error().in("kubeconfig " + file);
  if (root->is(value::kind::null)) return made;
  if (!root->is(value::kind::object))
    return failure(errc::usage, fmt::format("kubeconfig {}: it is not a map with clusters, users and contexts", file), origin::user);
  made.current_context = text_of(*root, "current-context");
  result<void> clusters = read_list(*root, file, "clusters", "cluster", cluster_of, made.clusters);
  if (clusters.has_error()) return clusters.error();
  result<void> users = read_list(*root, file, "users", "user", user_of, made.users);
  if (users.has_error()) return users.error();
  result<void> contexts = read_list(*root, file, "contexts", "context", context_of, made.contexts);
  if (contexts.has_error()) return contexts.error();
  return made;
}

void merge(kubeconfig& into, kubeconfig later) {
  if (into.current_context.empty()) into.current_context = std::move(later.current_context);
  into.clusters.merge(later.clusters);
  into.users.merge(later.users);
  into.contexts.merge(later.contexts);
}

std::vector<std::string> split_path_list(std::string_view list) {
  std::vector<std::string> paths;
  while (!list.empty()) {
    const auto end = list.find(':');
    std::string path(list.substr(0, end));
    if (!path.empty() && std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(std::move(path));
    list = end == list.npos ? std::string_view() : list.substr(end + 1);
  }
  return paths;
}

}  // namespace peelbox::kubernetes
