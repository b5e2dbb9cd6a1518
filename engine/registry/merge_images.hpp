// Images of registries as one index under one or several tags.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/registry/client.hpp"
#include "engine/registry/index_merge.hpp"

namespace peelbox::registry {

struct merge_source {
  merge_source() = default;
  merge_source(oci::image_reference name, std::optional<index_entry> said = std::nullopt)
      : where(std::move(name)), descriptor(std::move(said)) {}

  oci::image_reference where;
  /// What the index is to say of it, instead of what the registry does; its digest is that of `where`.
  std::optional<index_entry> descriptor;
};

struct merge_request {
  std::vector<merge_source> sources;
  /// Names with tags.
  std::vector<oci::image_reference> targets;
  std::vector<index_annotation> annotations;
  /// Images for others are left out, with their attestations; empty: none is.
  std::vector<oci::platform> platforms;
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
