// The ways into `peelbox build`. Each door turns the flags that are its own into a value (build_modes.hpp says which those are),
// and that value into requests.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/frontend_question.hpp"
#include "cli/service_targets.hpp"
#include "engine/client/request.hpp"
#include "engine/filesync/sender.hpp"
#include "engine/llb/local_sessions.hpp"

namespace peelbox::cli {

/// What a door plans with, besides its own value.
struct door_setting {
  /// The session that serves the contexts; empty for a definition that somebody else will solve.
  std::string session_id;
  /// One for each name of the door.
  std::vector<service_target> targets;
};

/// Requests without exporters and attestations, and the directories that the daemon may read for them.
struct door_plan {
  std::vector<client::solve_request> requests;
  std::map<std::string, std::shared_ptr<filesync::context_source>> contexts;
  /// What the definitions read of them.
  std::vector<llb::local_request> reads;
  /// Under which the daemon keeps what it got from them (session/identity.hpp).
  std::string shared_key;
  /// OCI layouts that the daemon may read: NAME=DIR.
  std::vector<std::string> layouts;
  std::vector<std::string> warnings;
  /// What is attested when no flag says it.
  attestation_defaults attested;
  /// Set when a frontend is asked instead of building.
  std::optional<asked_frontend> asked;
};

}  // namespace peelbox::cli
