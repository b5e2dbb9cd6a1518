// What machines have in common that build checkouts of one repository on one daemon.
#pragma once

#include <optional>
#include <string>

#include "cli/build_args.hpp"
#include "cli/door.hpp"
#include "engine/async/environment.hpp"

namespace peelbox::cli {

struct context_identity {
  std::string name;
  std::string secret;  ///< empty: there is none

  /// The key under which the daemon keeps what it got (session/identity.hpp). `mode` tells kinds of builds apart.
  std::string shared_key(const std::string& mode) const;
  /// See filesync::content_time_options. Empty without a secret.
  std::string time_key() const;
  /// See client::build_options::shared_secret. Empty without a secret.
  std::string session_secret() const;
};

/// From --context-id and the variables PEELBOX_CONTEXT_SECRET and PEELBOX_CONTEXT_SECRET_FILE; std::nullopt without the flag and with
/// --paranoid. `auto` is the origin of the repository around the context and the path below its root. errc::usage. Blocks.
result<std::optional<context_identity>> choose_identity(const build_args& args, const door_plan& plan, const environment& env);

/// Whether times follow from contents, which --context-id implies.
bool announces_contents(const build_args& args) noexcept;

}  // namespace peelbox::cli
