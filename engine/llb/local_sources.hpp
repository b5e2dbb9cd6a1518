// Which directories of the client a finished graph reads.
#pragma once

#include <string>
#include <vector>

namespace pb {
class Definition;
}

namespace peelbox::llb {

/// The names of its local sources (local://NAME), sorted, each once. Operations that are not well-formed are
/// skipped.
std::vector<std::string> local_sources(const pb::Definition& definition);

}  // namespace peelbox::llb
