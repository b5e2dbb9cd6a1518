// Definitions that are made once the daemon has told the configuration of the base images.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/build/solve_options.hpp"

namespace peelbox::build {

/// What the daemon knows about an image.
struct resolved_image {
  /// Of the manifest or index; empty for an image that is only in the daemon's store.
  std::string digest;
  /// The image configuration, JSON.
  std::string config;
};
/// By normalised reference, for one platform.
using resolved_images = std::map<std::string, resolved_image>;

struct late_plan {
  /// The images (normalised references) that `make` needs.
  std::vector<std::string> base_images;
  /// Called once for each part of solve_options::parts, with the part as it was requested; returns it complete.
  std::function<result<platform_build>(const platform_build& asked, const resolved_images& images)> make;
};

}  // namespace peelbox::build
