// How packages get into an image.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/llb/state.hpp"
#include "engine/oci/image_reference.hpp"
#include "engine/spec/plan.hpp"

namespace peelbox::spec {

/// An image of the plan; "scratch" is the empty image.
struct base_image {
  std::string text;  ///< full reference without digest of a description, "scratch" for none
  llb::state tree;
  std::vector<std::string> env;  ///< of commands that run in it
  bool is_scratch = false;
  /// Whether it has neither shell nor package manager, judged by its name: distroless images and scratch.
  bool is_distroless = false;
  /// Judged by its name; `automatic` when that does not tell.
  package_manager manager = package_manager::automatic;
};

/// "NAME=value" lines sorted by name: the environment of the image, then `own` on top.
std::vector<std::string> merged_environment(const std::optional<base_description>& base,
                                            const std::map<std::string, std::string>& own);

/// "[packages]", with the platform in front when the options tell so: "[linux/arm64 packages]".
std::string stage_title(std::string_view stage, const plan_options& options);

/// For `options.platform`. errc::usage when `reference` does not parse; `what` names the option in the message.
result<base_image> make_base_image(const std::string& reference, const plan_options& options,
                                   const std::optional<base_description>& description, std::string_view what);

/// The tree of `image` with `packages` (any order, duplicates allowed) installed; `image.tree` when there are
/// none. Packages that are already there need no network. `tools` is an image with apk for an image that has
/// none. errc::usage when neither works.
result<llb::state> install(const base_image& image, const base_image& tools,
                           std::vector<std::string> packages, std::string_view stage,
                           const plan_options& options);

}  // namespace peelbox::spec
