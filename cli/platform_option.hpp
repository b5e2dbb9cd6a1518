// --platform.
#pragma once

#include <string>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/oci/platform.hpp"

namespace peelbox::cli {

/// "linux/amd64,linux/arm64"; none when nothing is said. failure{usage} for one that is there twice.
result<std::vector<oci::platform>> parse_platforms(const std::string& text);

}  // namespace peelbox::cli
