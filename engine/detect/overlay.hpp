// peelbox.json and peelbox.toml: what a person knows better.
#pragma once

#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/detect/detect.hpp"

namespace peelbox::detect {

/// A file in the directory of a service has the keys of a spec and changes that service; in any directory it may
/// have "services" as well, an object of such changes by name. A value replaces what was detected; objects are merged
/// key by key, null takes the key out, and "..." in an array stands for what was detected. In a directory without a
/// service the file is a service of its own.
/// failure{usage} names the file and what is wrong with it.
result<void> apply_overlays(repository& files, std::vector<found_service>& services);

/// Whether the file in `dir` changes the service of that directory, or names `service`: a person who writes that knows
/// how it starts. Not one that only names others, and not a broken one, which apply_overlays() refuses.
bool overlay_is_about(repository& files, const std::string& dir, std::string_view service);

}  // namespace peelbox::detect
