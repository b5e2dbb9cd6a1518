#include "engine/spec/selection.hpp"

#include <set>
#include <string_view>

#include "engine/llb/narrow.hpp"
#include "engine/llb/op.hpp"
#include "engine/oci/digest.hpp"

namespace peelbox::spec {

namespace {

constexpr std::string_view build_root = "/build";

}  // namespace

std::vector<std::string> selected_paths(std::span<const universal_build* const> services) {
  std::set<std::string> paths;
  for (const universal_build* service : services) {
    if (service->runtime.copy.empty()) continue;  // needs nothing from the build
    if (!service->build.commands.empty()) return {};
    for (const copy_entry& entry : service->runtime.copy) {
      const std::string from = llb::absolute_path(entry.from, std::string(build_root));
      if (from == build_root || from == "/") return {};
      // Other paths are in the build image; but a pattern at their beginning may match /build too.
      if (from.find_first_of("*?[") < build_root.size() + 1) return {};
      if (!from.starts_with(std::string(build_root) + "/")) continue;
      const auto path = llb::covering_path(from.substr(build_root.size() + 1), llb::reading::shell);
      if (!path) return {};
      paths.insert(*path);
    }
  }
  return {paths.begin(), paths.end()};
}

std::string selection_hint(const std::string& hint, const std::vector<std::string>& selected) {
  if (selected.empty()) return hint;
  std::string all;
  for (const std::string& path : selected) all += path + '\0';
  constexpr std::size_t prefix = std::string_view("sha256:").size();
  return hint + "-" + oci::digest_of(all).substr(prefix, 12);
}

}  // namespace peelbox::spec
