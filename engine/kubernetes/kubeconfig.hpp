// The files that kubectl reads, as values. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::kubernetes {

/// A program that prints credentials (client.authentication.k8s.io).
struct exec_plugin {
  enum class interaction { never, if_available, always };

  std::string api_version;
  /// Relative to the file that names it when it has a slash, else looked up in PATH.
  std::string command;
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  std::string install_hint;
  bool wants_cluster = false;
  interaction mode = interaction::if_available;
};

struct cluster_entry {
  std::string server;
  std::string ca_file;
  std::string ca_data;  ///< PEM
  bool insecure = false;
  std::string tls_server_name;
  std::string proxy_url;
};

struct user_entry {
  std::string certificate_file;
  std::string certificate_data;  ///< PEM
  std::string key_file;
  std::string key_data;  ///< PEM
  std::string token;
  std::string token_file;
  std::string username;
  std::string password;
  std::string act_as;
  std::string act_as_uid;
  std::vector<std::string> act_as_groups;
  std::string auth_provider;  ///< its name; none is supported
  std::optional<exec_plugin> exec;
};

struct context_entry {
  std::string cluster;
  std::string user;
  std::string name_space;
};

struct kubeconfig {
  std::string current_context;
  std::map<std::string, cluster_entry> clusters;
  std::map<std::string, user_entry> users;
  std::map<std::string, context_entry> contexts;
};

/// YAML or JSON (client-go, tools/clientcmd/api/v1). Paths are resolved against the directory of `file`. errc::usage names the
/// file, the entry and the field; data of keys is never quoted.
result<kubeconfig> parse_kubeconfig(std::string_view text, const std::string& file);

/// Adds what `into` does not have: the first file wins, by whole entries (client-go, tools/clientcmd/loader.go).
void merge(kubeconfig& into, kubeconfig later);

/// The files of KUBECONFIG in their order, without empty elements and repetitions.
std::vector<std::string> split_path_list(std::string_view list);

}  // namespace peelbox::kubernetes
