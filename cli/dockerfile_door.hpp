// `peelbox build -f Dockerfile DIR`: what `docker buildx build` does, by the daemon's own frontend.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/build_args.hpp"
#include "cli/door.hpp"
#include "engine/async/environment.hpp"
#include "engine/session/user_secret.hpp"

namespace peelbox::cli {

/// What was asked for, checked.
struct dockerfile_door {
  /// Of the frontend: "dockerfile.v0", or "gateway.v0" when an argument names another one.
  client::frontend_call frontend;
  std::vector<oci::platform> platforms;
  /// Local contexts by name: "context", "dockerfile" and named ones.
  std::map<std::string, std::shared_ptr<filesync::context_source>> contexts;
  /// Named contexts that are OCI layouts: NAME=DIR.
  std::vector<std::string> layouts;
  std::vector<std::string> entitlements;
  /// BUILDKIT_INLINE_CACHE.
  bool inline_cache = false;
  std::string shared_key;
  attestation_defaults attested{false, true};
  std::optional<frontend_question> question;
};

/// Looks at the files and checks the flags. `args.piped` is the Dockerfile when "-" stands for it. Failures: errc::usage, and
/// context for a directory. Reads variables for --build-arg NAME.
result<dockerfile_door> open_dockerfile_door(const build_args& args, const session::user_secret& user, const environment& env);

/// The one request: a call of the frontend. Ignore files are its affair: it asks for them and says what to leave out.
result<door_plan> plan_build(dockerfile_door door, const door_setting& with);

}  // namespace peelbox::cli
