#include "engine/llb/platform_of.hpp"

#include "proto/ops.pb.h"

namespace peelbox::llb {

std::optional<oci::platform> platform_of(const pb::Definition& definition) {
  std::optional<oci::platform> found;
  for (const std::string& bytes : definition.def()) {
    pb::Op op;
    if (!op.ParseFromString(bytes) || !op.has_platform() || op.platform().architecture().empty()) continue;
    const oci::platform one =
        oci::normalise({op.platform().os(), op.platform().architecture(), op.platform().variant()});
    if (found && *found != one) return std::nullopt;
    found = one;
  }
  return found;
}

}  // namespace peelbox::llb
