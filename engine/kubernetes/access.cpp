#include "engine/kubernetes/access.hpp"

#include <fmt/format.h>


namespace peelbox::kubernetes {
namespace {

failure wrong(const std::string& source, std::string_view what) {
  return failure(errc::usage, fmt::format("kubeconfig {}: {}", source, what), origin::user);
}

std::string names_of(const std::map<std::string, context_entry>& contexts) {
  if (contexts.empty()) return "there is none";
  std::string names = "there are";
  std::size_t listed = 0;
  for (const auto& [name, unused] : contexts) {
    if (listed++ == 10) return names + " …";
    names += " " + name;
  }
  return names;
}

/// Credentials go over TLS only (client-go, tools/clientcmd/client_config.go): a proxy of kubectl on http adds its own.
user_entry without_credentials(const user_entry& from) {
  user_entry kept;
  kept.act_as = from.act_as;
  kept.act_as_uid = from.act_as_uid;
  kept.act_as_groups = from.act_as_groups;
  return kept;
}

}  // namespace

std::string access::prefix() const {
  std::string path = server.target.substr(0, server.target.find('?'));
  while (path.ends_with('/')) path.pop_back();
  return path;
}

result<access> choose_access(const kubeconfig& from, const std::string& context, const std::string& name_space,
                             const std::string& source) {
  const std::string& name = context.empty() ? from.current_context : context;
  if (name.empty())
    return wrong(source, "no context is current: name one, or run `kubectl config use-context NAME`; " + names_of(from.contexts));
  const auto found = from.contexts.find(name);
  if (found == from.contexts.end())
    return wrong(source, fmt::format("context \"{}\" does not exist; {}", name.substr(0, 100), names_of(from.contexts)));
  const auto cluster = from.clusters.find(found->second.cluster);
  if (cluster == from.clusters.end())
    return wrong(source, fmt::format("context \"{}\" names the cluster \"{}\", which does not exist", name, found->second.cluster));
  access made;
  made.cluster = cluster->second;
  made.who = fmt::format("context {} of {}", name, source);
  if (!found->second.user.empty()) {
    const auto user = from.users.find(found->second.user);
    if (user == from.users.end())
      return wrong(source, fmt::format("context \"{}\" names the user \"{}\", which does not exist", name, found->second.user));
    made.user = user->second;
    made.who = fmt::format("user {}, {}", found->second.user, made.who);
  }
  if (!found->second.name_space.empty()) made.name_space = found->second.name_space;
  if (!name_space.empty()) made.name_space = name_space;
  std::string server = made.cluster.server;
  if (server.empty()) return wrong(source, fmt::format("cluster \"{}\" has no server", found->second.cluster));
  if (server.find("://") == server.npos) {
    const bool tls = made.cluster.insecure || !made.cluster.ca_file.empty() || !made.cluster.ca_data.empty() ||
                     !made.user.certificate_file.empty() || !made.user.certificate_data.empty();
    server = (tls ? "https://" : "http://") + server;
  }
  result<http::url> url = http::parse_url(server);
  if (url.has_error()) return wrong(source, fmt::format("cluster \"{}\": server: {}", found->second.cluster, url.error().text));
  made.server = std::move(*url);
  if (!made.server.where.tls) made.user = without_credentials(made.user);
  if (!made.user.auth_provider.empty()) {
    const std::string& provider = made.user.auth_provider;
    const std::string_view instead = provider == "gcp"     ? "use gke-gcloud-auth-plugin"
                                     : provider == "azure" ? "use kubelogin"
                                                           : "use an exec plugin";
    return wrong(source, fmt::format("user \"{}\": auth-provider {} is not supported: {}", found->second.user, provider, instead));
  }
  return made;
}

result<access> in_cluster_access(const std::string& host, const std::string& port, const std::string& folder) {
  const bool v6 = host.find(':') != host.npos;
  result<http::url> url = http::parse_url(fmt::format("https://{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", port));
  if (url.has_error()) return url.error().in("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT");
  access made;
  made.server = std::move(*url);
  made.cluster.ca_file = folder + "/ca.crt";
  made.user.token_file = folder + "/token";
  made.who = "the service account of this pod";
  return made;
}

}  // namespace peelbox::kubernetes
