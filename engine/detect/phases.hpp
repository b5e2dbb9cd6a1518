// The phases between the scan and the specs, each from what the earlier ones found.
#pragma once

#include <string>
#include <vector>

#include "engine/detect/analysis.hpp"
#include "engine/detect/model.hpp"
#include "engine/detect/packages.hpp"
#include "engine/detect/repository.hpp"

namespace peelbox::detect {

/// Phase 2: which directories are whose. Ascending by directory, one candidate each.
std::vector<candidate> classify(repository& files, std::vector<rejected>& lost);

/// Phase 3: workspaces and their members.
void structure(repository& files, std::vector<candidate>& candidates);

/// Phase 4: who needs whom inside the repository; candidate::needs is in build order, also what is needed by what is
/// needed. A cycle is a note, and cut.
void link_dependencies(repository& files, std::vector<candidate>& candidates);

/// Phase 5: the draft of one of the candidates.
draft analyse(repository& files, const candidate& self, const std::vector<candidate>& all, distro target);

/// Phase 6, the end of analyse(): one value for each field that several findings are about. First what is started, then
/// the port that it is told, the health check, and the packages that the start command's program is in.
void decide(analysis& work);

/// Phase 7: a spec from a draft. Notes about packages go to `files`.
spec::universal_build assemble(repository& files, draft& from, distro target, const package_index& index);

}  // namespace peelbox::detect
