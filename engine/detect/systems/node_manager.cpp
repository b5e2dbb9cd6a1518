#include "engine/detect/systems/node_manager.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/hints.hpp"
#include "engine/detect/native_needs.hpp"
#include "engine/detect/packages.hpp"
#include "engine/detect/systems/node_workspace.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

struct manager_row {
  node_manager manager;
  std::array<std::string_view, 2> locks;
};

const std::array<manager_row, 4>& node_managers() {
  static const std::array<manager_row, 4> all{{
      {{"npm", "npm", "npm ci --no-audit --no-fund", "npm install --no-audit --no-fund", "/root/.npm", ""}, {"package-lock.json", "npm-shrinkwrap.json"}},
      {{"Yarn", "yarn", "yarn install --frozen-lockfile", "yarn install", "/root/.cache/yarn", ""}, {"yarn.lock", ""}},
      {{"pnpm", "pnpm", "pnpm install --frozen-lockfile", "pnpm install", "/root/.local/share/pnpm/store", ""},
       {"pnpm-lock.yaml", ""}},
      {{"Bun", "bun", "bun install --frozen-lockfile", "bun install", "/root/.bun/install/cache", ""},
       {"bun.lock", "bun.lockb"}},
  }};
  return all;
}

}  // namespace

node_manager find_node_manager(analysis& work, const value& root_package) {
  const std::string& wanted = root_package["packageManager"].text;
  const node_manager* chosen = nullptr;
  std::string lock;
  std::string from;
  for (const manager_row& r : node_managers())
    if (wanted == r.manager.tool || wanted.starts_with(std::string(r.manager.tool) + "@")) {
      chosen = &r.manager;
      from = "packageManager in " + join(work.self.root, "package.json");
    }
  for (const manager_row& r : node_managers()) {
    if (chosen && chosen != &r.manager) continue;
    for (const std::string_view name : r.locks) {
      const std::string path = join(work.self.root, name);
      if (name.empty() || !lock.empty() || !work.files.has_file(path)) continue;
      chosen = &r.manager;
      lock = path;
      if (from.empty()) from = path;
    }
  }
  const bool found = chosen != nullptr;
  node_manager out = found ? *chosen : node_managers().front().manager;
  out.lock = lock;
  work.because("package manager", out.name, found ? from : "no lock file", found ? confidence::certain : confidence::guess);
  // From Yarn 2 on the option has another name.
  const bool berry = out.tool == "yarn" && (work.files.has_file(join(work.self.root, ".yarnrc.yml")) ||
                                            (wanted.starts_with("yarn@") && !wanted.starts_with("yarn@1")));
  if (berry) {
    out.install = "yarn install --immutable";
    out.cache = "/root/.yarn/berry/cache";
  }
  return out;
}

std::string node_version(analysis& work, const value& package, const value& root) {
  for (const char* file : {".nvmrc", ".node-version"})
    if (const std::string found = version_in_file(work, file, "node"); !found.empty()) return found;
  if (const std::string found = version_of_tool_files(work, "node"); !found.empty()) return found;
  for (const auto& [tree, dir] : {std::pair(&package, &work.self.dir), std::pair(&root, &work.self.root)}) {
    const std::string& volta = (*tree)["volta"]["node"].text;
    if (!volta.empty()) return take_version(work, "node", volta, "volta in " + join(*dir, "package.json"), confidence::certain);
  }
  // An image is one that runs; a range with an open end is only a bound.
  const std::string of_image = version_of_image(work, "node", {"node"});
  if (!of_image.empty()) return of_image;
  for (const auto& [tree, dir] : {std::pair(&package, &work.self.dir), std::pair(&root, &work.self.root)}) {
    const std::string& engines = (*tree)["engines"]["node"].text;
    if (!engines.empty()) return take_version(work, "node", engines, "engines in " + join(*dir, "package.json"), confidence::likely);
  }
  return {};
}

source_facts look_at_node_sources(analysis& work, const std::vector<std::string>& paths) {
  return look_at_sources(work, paths, {".listen(", "PORT||", "PORT??", "PORT || ", "PORT ?? ", "PORT) || ", "PORT) ?? ", "port: ", "PORT = "});
}

std::string run_script(const node_manager& manager, std::string_view script) {
  return fmt::format("{} run {}", manager.tool, script);
}

namespace {

/// .yarnrc.yml of Yarn 2 and later.
value yarn_settings(analysis& work) {
  const std::string path = join(work.self.root, ".yarnrc.yml");
  const std::string* text = work.files.read(path);
  if (!text) return {};
  auto tree = parse_yaml(*text);
  if (tree.has_value()) return std::move(*tree);
  work.files.add_note(path, tree.error().text);
  return {};
}

/// "github:a/b", "git+ssh://…", "a/b#main" instead of a version.
bool has_git_dependency(const value& package) {
  for (const char* section : {"dependencies", "devDependencies", "optionalDependencies", "overrides", "resolutions"})
    for (const auto& [name, version] : package[section].members) {
      const std::string_view text = version.text;
      if (text.starts_with("git") || contains(text, "://github.com/")) return true;
      if (!text.empty() && text.front() != '@' && text.front() != '.' && text.front() != '/' && std::count(text.begin(), text.end(), '/') == 1 && text.find(':') == std::string_view::npos) return true;
    }
  return false;
}

/// A package-lock.json that lacks a dependency of the package.json, which `npm ci` refuses.
bool is_behind(analysis& work, const node_manager& manager, const value& root_package) {
  if (manager.tool != "npm" || !manager.lock.ends_with("package-lock.json")) return false;
  const value* lock = work.files.shared_tree(manager.lock, parse_json);
  if (!lock || !(*lock)["packages"].has("")) return false;
  const value& own = (*lock)["packages"][""];
  for (const char* section : {"dependencies", "devDependencies"})
    for (const auto& [name, version] : root_package[section].members)
      if (!own["dependencies"].has(name) && !own["devDependencies"].has(name) && !own["optionalDependencies"].has(name)) {
        work.because("lock file", "behind package.json, so it is not held to", fmt::format("{} lacks {}", manager.lock, name), confidence::likely);
        return true;
      }
  return false;
}

void use_later_yarn(analysis& work, std::string_view version) {
  const value settings = yarn_settings(work);
  const std::string& linker = settings["nodeLinker"].text;
  if (linker.empty() || linker == "pnp") {
    // What Plug'n'Play makes is read by way of Yarn's cache, which is not in the image.
    work.out.build_env["YARN_NODE_LINKER"] = "node-modules";
    work.because("linker", "node-modules", "instead of Plug'n'Play, which needs Yarn's cache when it is started", confidence::likely);
    if (work.files.has_file(join(work.self.root, ".pnp.cjs"))) work.run_at_root("rm -f .pnp.cjs .pnp.loader.mjs");
  }
  if (!settings["yarnPath"].text.empty()) {
    // Yarn 1 hands over to the release that the repository brings.
    work.because("yarn", settings["yarnPath"].text, join(work.self.root, ".yarnrc.yml"));
    work.needs("yarn");
    if (work.target == distro::debian) work.out.commands.emplace_back("ln -sf /usr/bin/yarnpkg /usr/local/bin/yarn");
    return;
  }
  work.needs("npm");
  work.out.commands.push_back(fmt::format("npm install --global corepack && corepack enable && corepack prepare yarn@{} --activate",
                                          version.empty() ? "stable" : version));
}

}  // namespace

void install_node_dependencies(analysis& work, const node_manager& manager, const value& root_package) {
  const std::string& wanted = root_package["packageManager"].text;
  const std::size_t at = wanted.find('@');
  const std::string version = at == std::string::npos ? "" : version_prefix(first_version(wanted.substr(at)), 3);
  // A later Yarn than the packages have comes by way of npm's corepack; so does what has no package.
  const bool later_yarn = manager.tool == "yarn" && manager.install == "yarn install --immutable";
  if (manager.tool == "npm") {
    work.needs("npm");
  } else if (later_yarn) {
    use_later_yarn(work, version);
  } else if (!has_package(manager.tool, work.target) || (!version.empty() && manager.tool == "pnpm")) {
    work.needs("npm");
    work.out.commands.push_back(fmt::format("npm install --global {}{}", manager.tool, version.empty() ? "" : "@" + version));
  } else {
    work.needs(manager.tool);
    if (manager.tool == "yarn" && work.target == distro::debian)
      work.out.commands.emplace_back("ln -sf /usr/bin/yarnpkg /usr/local/bin/yarn");
  }
  work.out.cache.emplace_back(manager.cache);
  add_native_needs(work, ecosystem::node, node_dependencies(root_package, true));
  if (has_git_dependency(root_package)) needs_git(work, join(work.self.root, "package.json"));
  work.run_at_root(manager.lock.empty() || is_behind(work, manager, root_package) ? manager.install_unlocked : manager.install);
}

}  // namespace peelbox::detect
