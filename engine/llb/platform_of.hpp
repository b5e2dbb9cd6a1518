// What a finished definition is for.
#pragma once

#include <optional>

#include "engine/oci/platform.hpp"

namespace pb {
class Definition;
}

namespace peelbox::llb {

/// The platform that all operations of `definition` name which name one (solver/pb/ops.proto, Op.platform). None when there
/// is none, or several: what runs on one may make an image for another.
std::optional<oci::platform> platform_of(const pb::Definition& definition);

}  // namespace peelbox::llb
