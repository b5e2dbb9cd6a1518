// Which API server, and as whom: one context of a kubeconfig, or a pod's own account. Pure.
#pragma once

#include <optional>
#include <string>

#include "engine/async/failure.hpp"
#include "engine/http/url.hpp"
#include "engine/kubernetes/kubeconfig.hpp"

namespace peelbox::kubernetes {

struct access {
  /// Scheme, host and port; the path of its target comes before every request's, without a slash at its end.
  http::url server;
  cluster_entry cluster;
  user_entry user;
  std::string name_space = "default";
  /// "user ci of context prod (/users/me/.kube/config)", "the service account of this pod".
  std::string who;

  /// What stands before paths: "" or "/k8s/clusters/c-1".
  std::string prefix() const;
};

/// What `context` (empty: current-context) means. `source` names the files. errc::usage says what is missing, with the
/// contexts that there are.
result<access> choose_access(const kubeconfig& from, const std::string& context, const std::string& name_space,
                             const std::string& source);

/// The account of the pod that we run in (client-go, rest/config.go). errc::usage for a host or port that is none.
result<access> in_cluster_access(const std::string& host, const std::string& port, const std::string& folder);

}  // namespace peelbox::kubernetes
