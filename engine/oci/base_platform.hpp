// Whether an image fits the platform of a build.
#pragma once

#include "engine/oci/platform.hpp"

namespace peelbox::oci {

/// Is an image for `image` what a build for `wanted` may be based on? The same system and architecture, and for arm a variant
/// that is not newer. Unlike in matches(), variants of other processors do not count, and an arm image need not tell its
/// variant, because many do not.
bool may_be_base(const platform& wanted, const platform& image);

}  // namespace peelbox::oci
