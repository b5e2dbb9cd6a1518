// Node projects that are built together: workspaces and the tools that run tasks in them.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/systems/node_manager.hpp"
#include "engine/detect/value.hpp"

namespace peelbox::detect {

/// The tree of a package.json (or another JSON file); an empty one, with a note, when it is broken. Lives as long as
/// `files`.
const value& package_json(repository& files, std::string_view path);
std::set<std::string> node_dependencies(const value& package, bool with_dev);
bool has_build_script(const value& package);
/// Whether it is built: by a script, by what Nx infers, or by a task of Make, just, Task or moon.
bool is_built(analysis& work, const value& package);
/// Whether the configuration of Nuxt asks for files instead of a server.
bool wants_files_of_nuxt(analysis& work);
/// The script that builds the package: "build", or what the Dockerfile runs instead ("build-docker"), or one that builds
/// into another service (`--outDir ../server/dist`); "" when there is none.
std::string build_script(analysis& work, const value& package);
/// The directory after --outDir in the text of a script; "" when there is none.
std::string out_dir_of(std::string_view script);
/// Nx knows how to build it by a configuration file of its bundler, without a script or target.
bool nx_infers_build(const analysis& work);

/// Patterns of the members that package.json, rush.json and their neighbours name.
std::vector<std::string> node_members(repository& files, std::string_view manifest);

/// True when the service is a project of the rush.json in the root of its workspace.
bool is_rush_project(const analysis& work);

/// Everything from the lock file to the built service: install, build what it needs, build itself.
void build_node_project(analysis& work, const node_manager& manager, const value& package, const value& root);

/// For services of other languages with a package.json beside them: installs, and with `build` runs its script.
/// False when there is none that builds anything.
bool build_front_end(analysis& work, bool build);

/// A project.json of Nx, with its package.json in the root.
void analyse_nx_project(analysis& work);

}  // namespace peelbox::detect
