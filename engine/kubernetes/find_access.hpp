// Reads the kubeconfig, or finds that we run in a pod.
#pragma once

#include <string>

#include "engine/async/environment.hpp"
#include "engine/kubernetes/access.hpp"

namespace peelbox::kubernetes {

struct access_choice {
  std::string kubeconfig;  ///< a file; empty: KUBECONFIG, else ~/.kube/config
  std::string context;     ///< empty: the current one
  std::string name_space;  ///< empty: that of the context
};

inline constexpr const char* service_account_folder = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Files that are missing are skipped unless `kubeconfig` names it. Without any, the account of the pod in whose `folder` it is.
/// Blocks for as long as small files take. errc::usage, not_found, permission, io, limit: with the file.
result<access> find_access(const access_choice& choice, const environment& variables,
                           const std::string& folder = service_account_folder);

}  // namespace peelbox::kubernetes
