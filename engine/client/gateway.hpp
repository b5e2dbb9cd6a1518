// Our half of a Control.Solve that goes through the gateway.
#pragma once

#include "engine/client/solve.hpp"

namespace peelbox::client {

/// Prepares the programs of all solves of the build and looks for the scanner of an optional SBOM (once, whichever solve comes
/// first), runs the solve's own program and returns its result. Without the scanner the solve fails at once, and
/// build_state::scanner_missing tells. Control.Solve then goes on, and carries the failure of any of these calls with all its
/// details; so this never fails.
task<result<void>> drive_gateway(solve_state& state);

}  // namespace peelbox::client
