// `peelbox build --frontend NAME --opt KEY=VALUE --local NAME=DIR`: any frontend of the daemon, as buildctl calls it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cli/build_args.hpp"
#include "cli/door.hpp"
#include "engine/async/environment.hpp"
#include "engine/session/user_secret.hpp"

namespace peelbox::cli {

/// What was asked for, checked.
struct frontend_door {
  client::frontend_call frontend;
  std::map<std::string, std::shared_ptr<filesync::context_source>> contexts;
  /// From the option `requestid`.
  std::optional<frontend_question> question;
  std::string shared_key;
};

/// Failures: errc::usage, and context for a directory. Reads variables for `--opt build-arg:NAME`.
result<frontend_door> open_frontend_door(const build_args& args, const session::user_secret& user, const environment& env);

/// The one request. What the frontend wants to know of the directories is its affair; nothing is left out of them before it asks.
result<door_plan> plan_build(frontend_door door, const door_setting& with);

}  // namespace peelbox::cli
