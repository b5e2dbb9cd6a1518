// What `peelbox pool` does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cli/command.hpp"
#include "engine/kubernetes/find_access.hpp"

namespace peelbox::cli {

struct pool_args {
  kubernetes::access_choice access{"", "", "buildkit"};
  std::string prefix = "buildkit-";
  std::string annotation = "panfactum.com/last-build";
  std::string arch;  ///< empty: both
  int verbose = 0;
  bool as_json = false;
  bool dry_run = false;
  // get-address
  bool omit_protocol = false;
  bool as_pod = false;
  bool as_ip = false;
  std::string policy = "least-cpu";
  std::string key;
  std::string domain = "cluster.local";
  // scale
  bool wait = false;
  std::uint64_t wait_seconds = 600;
  std::optional<std::uint64_t> idle_seconds;
};

using pool_args_cptr = std::shared_ptr<const pool_args>;

/// Exit codes: 0; 1 something was not done; 2 a wrong flag or kubeconfig; 3 no API server; 4 there is no suitable pod or set; 5 --wait
/// ended.
task<int> run_pool_address(pool_args_cptr args, const surroundings& with);
task<int> run_pool_record(pool_args_cptr args, const surroundings& with);
/// Annotates and scales in one patch, so that nobody who scales down sees the one without the other.
task<int> run_pool_up(pool_args_cptr args, const surroundings& with);
/// Looks at the annotation and asks the daemons for running builds, then scales on the condition that the set has not changed since.
task<int> run_pool_down(pool_args_cptr args, const surroundings& with);
task<int> run_pool_status(pool_args_cptr args, const surroundings& with);

}  // namespace peelbox::cli
