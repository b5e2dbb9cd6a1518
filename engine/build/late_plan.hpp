// Definitions that are made when the daemon has told what the base images say of themselves.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/build/solve_options.hpp"

namespace peelbox::build {

/// What the daemon knows of an image.
struct resolved_image {
  /// Of the manifest or index; empty for one that is in the daemon's store only.
  std::string digest;
  /// The image configuration, JSON.
  std::string config;
};
/// By normalised reference, for one platform.
using resolved_images = std::map<std::string, resolved_image>;

struct late_plan {
  /// Normalised references that `make` wants to know about.
  std::vector<std::string> base_images;
  /// Called once for each part of solve_options::parts, with the part as it was asked for; gives it complete.
  std::function<result<platform_build>(const platform_build& asked, const resolved_images& images)> make;
};

}  // namespace peelbox::build
