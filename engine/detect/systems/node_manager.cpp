#include "engine/detect/systems/node_manager.hpp"

#include <fmt/format.h>

#include <array>

#include "engine/detect/packages.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

struct row {
  node_manager manager;
  std::array<std::string_view, 2> locks;
};

const std::array<row, 4>& table() {
  static const std::array<row, 4> all{{
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
  for (const row& r : table())
    if (wanted == r.manager.tool || wanted.starts_with(std::string(r.manager.tool) + "@")) {
      chosen = &r.manager;
      from = "packageManager in " + join(work.self.root, "package.json");
    }
  for (const row& r : table()) {
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
  node_manager out = found ? *chosen : table().front().manager;
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

std::string run_script(const node_manager& manager, std::string_view script) {
  return fmt::format("{} run {}", manager.tool, script);
}

void install_node_dependencies(analysis& work, const node_manager& manager, const value& root_package) {
  const std::string& wanted = root_package["packageManager"].text;
  const std::size_t at = wanted.find('@');
  const std::string version = at == std::string::npos ? "" : version_prefix(first_version(wanted.substr(at)), 3);
  // A later Yarn than the packages have comes by way of npm's corepack; so does what has no package.
  const bool later_yarn = manager.tool == "yarn" && manager.install == "yarn install --immutable";
  if (manager.tool == "npm") {
    work.needs("npm");
  } else if (later_yarn) {
    work.needs("npm");
    work.out.commands.push_back(fmt::format("npm install --global corepack && corepack enable && corepack prepare yarn@{} --activate",
                                            version.empty() ? "stable" : version));
  } else if (!has_package(manager.tool, work.target) || (!version.empty() && manager.tool == "pnpm")) {
    work.needs("npm");
    work.out.commands.push_back(fmt::format("npm install --global {}{}", manager.tool, version.empty() ? "" : "@" + version));
  } else {
    work.needs(manager.tool);
    if (manager.tool == "yarn" && work.target == distro::debian)
      work.out.commands.emplace_back("ln -sf /usr/bin/yarnpkg /usr/local/bin/yarn");
  }
  work.out.cache.emplace_back(manager.cache);
  work.run_at_root(manager.lock.empty() ? manager.install_unlocked : manager.install);
}

}  // namespace peelbox::detect
