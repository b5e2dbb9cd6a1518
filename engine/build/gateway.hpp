// We are our own frontend: the calls that belong to a Control.Solve without a definition.
#pragma once

#include "engine/build/solve.hpp"

namespace peelbox::build {

/// Looks at the base images when the definitions depend on them, and for the scanner when an SBOM is optional (once for all
/// solves of a build). Without the scanner the solve fails at once, and build_state::scanner_missing tells. Hands in the
/// definition of each platform and returns the results with their image configs. Control.Solve then goes on, and carries
/// the failure of any of these calls with all its details; so this never fails.
task<result<void>> drive_gateway(solve_state& state);

}  // namespace peelbox::build
