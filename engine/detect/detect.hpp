// The whole pipeline: a repository -> one spec per service, with reasons.
#pragma once

#include <string>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/detect/model.hpp"
#include "engine/detect/packages.hpp"
#include "engine/detect/repository.hpp"

namespace peelbox::detect {

struct options {
  /// Whose packages the spec names, and which versions of them there are.
  distro target = distro::wolfi;
  package_index index = package_index::built_in();
};

struct found_service {
  /// spec::validate() has nothing against it.
  spec::universal_build spec;
  std::string dir;       ///< relative to the root of the repository, "" is the root
  std::string manifest;  ///< the file that says that it is one, relative to the root
  /// Where each value comes from.
  std::vector<reason> reasons;
  /// The overlay that was applied, or "".
  std::string overlay;
};

struct detection {
  std::vector<found_service> services;  ///< ascending by name
  std::vector<rejected> lost;           ///< ascending by path
  std::vector<note> notes;              ///< ascending by path
  // How many were looked at.
  std::size_t directories = 0;
  std::size_t files = 0;
};

/// Deterministic: equal repositories and options give equal results. An overlay (peelbox.json, peelbox.toml) that is
/// wrong is failure{usage}; every other file that is broken is a note. Reads files through `files` (detect/scan.hpp makes one) and
/// blocks meanwhile: on a thread of a blocking_pool, or where nothing else waits. It cannot be cancelled; its work is bounded by
/// the limits of detect/repository.hpp.
result<detection> detect(repository& files, const options& how);

}  // namespace peelbox::detect
