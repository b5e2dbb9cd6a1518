// npm, Yarn, pnpm and Bun.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/analysis.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {

struct node_manager {
  std::string_view name;     ///< as shown
  std::string_view tool;     ///< of packages.cpp, and the program
  std::string_view install;  ///< exactly what the lock file says
  std::string_view install_unlocked;
  std::string_view cache;
  std::string lock;  ///< path of the lock file, or ""
};

/// By lock file in the directory of the workspace root, then by "packageManager", then npm.
node_manager find_node_manager(analysis& work, const value& root_package);

/// "npm run build", "yarn build", …
std::string run_script(const node_manager& manager, std::string_view script);

/// From the files and fields that name it; "" when none does.
std::string node_version(analysis& work, const value& package, const value& root);

/// look_at_sources() with the usual texts before ports.
source_facts look_at_node_sources(analysis& work, const std::vector<std::string>& paths);

/// Installs what the manager itself and the project need.
void install_node_dependencies(analysis& work, const node_manager& manager, const value& root_package);

}  // namespace peelbox::detect
