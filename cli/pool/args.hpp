// What was written after `peelbox pool`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/kubernetes/find_access.hpp"

namespace peelbox::cli::pool {

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
  std::string policy = "least-busy";
  std::string key;
  std::string domain = "cluster.local";
  // scale
  bool wait = false;
  std::uint64_t wait_seconds = 600;
  std::optional<std::uint64_t> idle_seconds;
  // cache clear
  bool force = false;
  bool delete_volumes = false;
  // while something runs
  std::uint64_t heartbeat_seconds = 60;
  std::uint16_t port = 0;
  std::vector<std::string> program;
  // connections to daemons
  std::string config;  ///< buildkit.json
  bool via_bastion = false;
  std::string bastion;                    ///< of the configuration, like what signs certificates for it
  std::vector<std::string> bastion_sign;
  // build
  std::string repository;
  std::string cache;
  unsigned retries = 1;
  std::string bucket;
  std::string bucket_region;
  std::vector<std::string> insecure;
};

using pool_args_cptr = std::shared_ptr<const pool_args>;

}  // namespace peelbox::cli::pool
