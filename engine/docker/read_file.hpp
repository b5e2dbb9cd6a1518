// Files of Docker's configuration, for engine/docker only.
#pragma once

#include <optional>
#include <string>

#include "engine/async/failure.hpp"

namespace peelbox::docker {

inline constexpr std::size_t largest_config_file = 4 << 20;

/// std::nullopt when there is no such file; errc::permission, io, or limit (4 MiB) otherwise.
result<std::optional<std::string>> read_small_file(const std::string& path);

}  // namespace peelbox::docker
