// What a build serves to its daemon beside contexts, outputs and logins, and its caches.
#pragma once

#include <string>
#include <vector>

#include "cli/service_args.hpp"
#include "engine/async/blocking_pool.hpp"
#include "engine/async/environment.hpp"
#include "engine/client/build.hpp"

namespace peelbox::cli {

/// Turns the flags into attachables of `options`. Whatever they name is looked at here, so that what is
/// missing is known before anybody connects. A process that holds secrets leaves no core file from here on. Failures are errc::usage,
/// and those of files. `pool` must outlive the build.
result<void> add_build_services(const service_args& args, const environment& variables, blocking_pool& pool,
                                client::build_options& options);

}  // namespace peelbox::cli
