// From tools to the packages of a distribution.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/failure.hpp"
#include "engine/detect/model.hpp"

namespace peelbox::detect {

/// Which versions a distribution has: "nodejs-" -> {"25", "24", …}, newest first.
class package_index {
 public:
  /// What peelbox knows of Wolfi without asking anybody.
  static package_index built_in();
  /// The text of an APKINDEX, or the names of packages, one per line. failure{usage} when there are none.
  static result<package_index> parse(std::string_view text, std::string source);

  /// "built-in table of 2025-12", or the file.
  const std::string& source() const noexcept { return source_; }
  /// The version that comes nearest: the same, then the next newer, then the newest. "" when there is none at all.
  std::string nearest(std::string_view family, std::string_view wanted) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> versions_;
  std::string source_;
};

struct resolved {
  std::vector<std::string> names;
  /// The version that the packages have; "" when the tool has none in its name.
  std::string version;
  /// For people: another version was taken, or there is no package.
  std::string note;
};

resolved resolve(const tool& wanted, distro target, const package_index& index);
/// Whether the distribution has it as a package at all.
bool has_package(std::string_view tool_name, distro target);

/// What no image is without, and what therefore has no package of its own.
bool is_in_every_image(std::string_view tool_name);

/// True when packages.cpp knows the tool.
bool is_known_tool(std::string_view name);

}  // namespace peelbox::detect
