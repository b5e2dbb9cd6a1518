// What a build serves to its daemon beside contexts, outputs and logins, and its caches.
#pragma once

#include <string>
#include <vector>

#include "cli/local_caches.hpp"
#include "cli/service_args.hpp"
#include "engine/async/blocking_pool.hpp"
#include "engine/async/environment.hpp"
#include "engine/client/build.hpp"

namespace peelbox::cli {

struct build_services {
  /// For tag_local_caches(), after the build.
  std::vector<local_export> local_exports;
  std::vector<std::string> warnings;
};

/// Turns the flags into attachables, caches and entitlements of `options`. Whatever they name is looked at here, so that what is
/// missing is known before anybody connects. A process that holds secrets leaves no core file from here on. Failures are errc::usage,
/// and those of files. `pool` must outlive the build.
result<build_services> add_build_services(const service_args& args, const environment& variables, blocking_pool& pool,
                                          client::build_options& options);

/// Where the options write caches, for each service of `names`: "{service}" is its name. Several services need it, or they
/// would overwrite each other's. Caches with type=s3 get keys from AWS's files too. errc::usage.
result<void> set_caches(const service_args& args, const environment& variables, std::vector<client::solve_request>& services,
                        std::vector<std::string>& warnings);

/// "network.host", "security.insecure", "device", "device=NAME[,alias=X]" (util/entitlements). errc::usage for others.
result<void> check_entitlement(std::string_view text);

}  // namespace peelbox::cli
