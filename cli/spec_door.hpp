// `peelbox build --spec FILE DIR`.
#pragma once

#include <string>
#include <vector>

#include "cli/build_args.hpp"
#include "cli/door.hpp"
#include "engine/session/user_secret.hpp"
#include "engine/spec/plan.hpp"
#include "engine/spec/universal_build.hpp"

namespace peelbox::cli {

/// What was asked for, checked.
struct spec_door {
  /// Those that --service and --all name, in that order; at least one, each once.
  std::vector<spec::universal_build> services;
  /// The directory, without links.
  std::string context;
  bool gitignore = true;
  /// Empty: the daemon's own.
  std::vector<oci::platform> platforms;
  /// All of the plan but platform, session and base images.
  spec::plan_options how;
  /// Under which the daemon keeps the context.
  std::string shared_key;
  std::vector<std::string> warnings;

  std::vector<std::string> names() const;
};

/// Reads the spec (from `args.piped` for "-") and looks at the context directory. `user` is what makes the keys under which
/// the daemon keeps contexts and caches those of nobody else. Failures: errc::usage, and context for the directory.
result<spec_door> open_spec_door(const build_args& args, const session::user_secret& user);

/// One request for each service. All use the same context, so that the daemon fetches it once. errc::usage for a spec whose
/// graph cannot be made.
result<door_plan> plan_build(spec_door door, const door_setting& with);

/// The definition for the only platform, or without one for this machine's; for --dump-llb.
result<spec::plan_result> plan_definition(const spec_door& door);

}  // namespace peelbox::cli
