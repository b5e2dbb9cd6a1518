// A build system is one file in systems/ and one line in systems/table.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/analysis.hpp"
#include "engine/detect/model.hpp"
#include "engine/detect/repository.hpp"

namespace peelbox::detect {

struct build_system {
  std::string_view name;  ///< as shown: "npm"
  /// Names of manifests ("*" and "?" allowed), the most telling one first.
  std::vector<std::string_view> manifests;
  /// Whether the manifest is one, "" if so; otherwise why not ("it has neither [package] nor [workspace]").
  std::string (*refuses)(repository& files, std::string_view manifest) = nullptr;
  /// Patterns of member directories, relative to the directory of the manifest; "!" in front takes out again.
  std::vector<std::string> (*members)(repository& files, std::string_view manifest) = nullptr;
  /// Names under which others refer to this one, for dependencies inside the repository.
  std::string (*package_name)(repository& files, std::string_view manifest) = nullptr;
  /// Names of what it needs, of which those of this repository count.
  std::vector<std::string> (*dependencies)(repository& files, std::string_view manifest) = nullptr;
  /// Its build descends into directories below, so their manifests of the same kind are parts of it.
  bool recursive = false;
  /// Counts only where no other candidate is in the directory or above it.
  bool weak = false;
  /// Fills the draft; it has dir, build_system and a name (that of the directory) already.
  void (*analyse)(analysis& work) = nullptr;
};

/// In the order in which they win a directory.
std::span<const build_system* const> build_systems();

}  // namespace peelbox::detect
