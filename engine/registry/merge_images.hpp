// Images of registries as one index under one or several tags.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/registry/client.hpp"
#include "engine/registry/index_merge.hpp"

namespace peelbox::registry {

struct merge_request {
  std::vector<oci::image_reference> sources;
  /// Names with tags.
  std::vector<oci::image_reference> targets;
  std::vector<index_annotation> annotations;
  /// False: one image without annotations is copied as it is, and not put into an index.
  bool prefer_index = true;
  /// Nothing is written.
  bool dry_run = false;
};

struct merge_outcome {
  merged_index index;
  std::string digest;
  /// For each target: it was what it is now already.
  std::vector<bool> unchanged;
};

/// Looks at all sources first: each manifest, and that its configuration is for the platform that an index claims
/// (errc::usage). Then copies what a target's repository lacks, by mounting within a registry, and names the index last, so
/// that a tag never leads to something incomplete. Doing it again changes nothing. At most 500 entries. `says` is told
/// what is copied, a line for people each.
task<result<merge_outcome>> merge_images(client& with, merge_request what, std::function<void(std::string)> says);

}  // namespace peelbox::registry
