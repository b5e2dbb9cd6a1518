// `peelbox build --llb FILE --local NAME=DIR`.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "cli/build_args.hpp"
#include "cli/door.hpp"
#include "engine/session/user_secret.hpp"

namespace peelbox::cli {

/// What was asked for, checked.
struct llb_door {
  std::string file;  ///< as messages name it
  std::shared_ptr<pb::Definition> definition;
  /// `local://NAME` -> directory without links, in the order of the flags.
  std::vector<std::pair<std::string, std::string>> locals;
  bool no_cache = false;
  /// The same in two builds only if the daemon may compare with what it has.
  std::string shared_key;
};

/// Reads the definition (from `args.piped` for "-") and looks at the directories. Failures: errc::usage, and context for a directory.
result<llb_door> open_llb_door(const build_args& args, const session::user_secret& user);

/// The one request: the definition as it is, except that its local sources send only what it copies from them (llb/narrow).
/// errc::usage when it reads a directory that was not given.
result<door_plan> plan_build(llb_door door, const door_setting& with);

}  // namespace peelbox::cli
