// buildkit.json: what is written once about a pool. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/pool/args.hpp"

namespace peelbox::cli::pool {

struct pool_config {
  std::string registry;             ///< "registry.example.com", where images go
  std::string cluster;              ///< context of the kubeconfig
  std::string cache_bucket;         ///< of S3, or ""
  std::string cache_bucket_region;
  std::string bastion;              ///< of --via-bastion, or ""
  std::vector<std::string> bastion_sign_command;
  /// Keys that nobody knows, with what they may have meant. They are allowed, because others keep theirs in the same file.
  std::vector<std::string> remarks;
};

/// errc::usage with a line for each mistake, "NAME:LINE: KEY: what is wrong".
result<pool_config> parse_config(std::string_view text, const std::string& name);

/// What was not said by flags comes from the configuration.
void apply(const pool_config& config, pool_args& args);

}  // namespace peelbox::cli::pool
