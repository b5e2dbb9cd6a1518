// `peelbox build`, before any connection: flags and files -> what to ask the daemon for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/build_args.hpp"
#include "cli/door.hpp"
#include "cli/service_targets.hpp"
#include "engine/client/build.hpp"
#include "engine/session/user_secret.hpp"

namespace peelbox::cli {

struct prepared_service {
  std::string name;  ///< empty without a spec
  service_target target;
};

struct prepared_build {
  client::build_options options;  ///< complete, except for the way to the daemon
  transport::dial_options dial;
  /// In the order of options.services.
  std::vector<prepared_service> services;
  std::vector<std::string> warnings;
  /// Set when a frontend is asked instead of building.
  std::optional<asked_frontend> asked;
  /// OCI layouts of the door: NAME=DIR.
  std::vector<std::string> layouts;
};

struct marshalled_definition {
  std::string bytes;
  std::vector<std::string> warnings;
};
/// The definition of the spec for --platform or, without it, this machine's platform; without what only a running session can fill in; for --dump-llb.
result<marshalled_definition> dumped_definition(const build_args& args, const session::user_secret& user);

/// Reads the spec, checks what can be checked without a daemon, and opens the output. Failures are errc::usage, and
/// errc::context, not_found, permission and io for files. `user` is what makes the keys under which the
/// daemon keeps contexts and caches those of nobody else.
result<prepared_build> prepare_build(const build_args& args, const session::user_secret& user, const environment& env);

}  // namespace peelbox::cli
