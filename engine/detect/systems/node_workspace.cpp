#include "engine/detect/systems/node_workspace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/hints.hpp"
#include "engine/detect/named_tasks.hpp"
#include "engine/detect/systems/js_config.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

/// `command` of a package in node_modules.
std::string run_tool(const node_manager& manager, std::string_view command) {
  const std::string_view how = manager.tool == "yarn" ? "yarn run" : manager.tool == "pnpm" ? "pnpm exec" : manager.tool == "bun" ? "bunx" : "npx";
  return fmt::format("{} {}", how, command);
}

void build_with_rush(analysis& work, const value& package) {
  const bool has_script = work.files.has_file(join(work.self.root, "common/scripts/install-run-rush.js"));
  const std::string rush = has_script ? "node common/scripts/install-run-rush.js" : "npx --yes @microsoft/rush";
  const std::string name = shell_word(package["name"].text);
  work.out.build_system = "Rush";
  std::erase_if(work.out.reasons, [](const reason& r) { return r.what == "package manager"; });
  work.because("package manager", "Rush", join(work.self.root, "rush.json"));
  work.needs("npm");
  work.out.cache.emplace_back("/root/.rush");
  work.run_at_root(fmt::format("{} install --to {}", rush, name));
  work.run_at_root(fmt::format("{} build --to {}", rush, name));
}

/// Turbo needs to be told the package manager by package.json.
bool uses_turbo(const analysis& work, const value& package, const value& root) {
  return work.files.has_file(join(work.self.root, "turbo.json")) && node_dependencies(root, true).contains("turbo") &&
         !root["packageManager"].text.empty() && !package["name"].text.empty();
}

/// Lerna's own packages, as they were before it used the workspaces of package managers.
void link_with_lerna(analysis& work, const value& package, const value& root) {
  if (!work.self.is_member || root.has("workspaces") || !work.files.has_file(join(work.self.root, "lerna.json")) ||
      work.files.has_file(join(work.self.root, "pnpm-workspace.yaml")))
    return;
  work.run_at_root(fmt::format("npx {} bootstrap --scope {} --include-dependencies",
                               node_dependencies(root, true).contains("lerna") ? "lerna" : "--yes lerna@6", shell_word(package["name"].text)));
}

/// Prisma's client is code that has to be made, unless some script does: since version 7 no installation makes it, and
/// in a workspace the schema may lie in another member.
void generate_prisma(analysis& work, const node_manager& manager, const value& package, const value& root) {
  if (work.self.is_member && work.files.has_file(join(work.self.root, "turbo.json"))) return;
  std::vector<std::string> dirs{work.self.dir};
  dirs.insert(dirs.end(), work.self.needs.begin(), work.self.needs.end());
  for (const std::string& dir : dirs) {
    const value& own = package_json(work.files, join(dir, "package.json"));
    if (!node_dependencies(own, true).contains("prisma")) continue;
    for (const value* p : {&own, &package, &root})
      for (const char* script : {"build", "prebuild", "postinstall", "install", "prepare"})
        if (contains((*p)["scripts"][script].text, "prisma")) return;
    if (!work.files.has_file(join(dir, "prisma/schema.prisma")) && !work.files.has_file(join(dir, "schema.prisma"))) continue;
    work.out.commands.push_back(analysis::command_in(dir, run_tool(manager, "prisma generate")));
    work.because("generated", "Prisma's client", join(dir, "package.json"), confidence::likely);
    return;
  }
}

/// Whether `sh` finds it without node_modules.
bool is_usual_program(std::string_view word) {
  constexpr std::array<std::string_view, 22> usual{"[", "bash", "bun", "bunx", "cat", "cd", "cp", "export", "find", "ln", "mkdir", "mv", "node", "npm", "npx", "pnpm", "rm", "sed", "set", "sh", "test", "yarn"};
  return std::find(usual.begin(), usual.end(), word) != usual.end() || contains(word, "/") || contains(word, "=");
}

/// Without the runner: programs of node_modules are called as scripts call them.
void run_tasks(analysis& work, const node_manager& manager, const std::string& dir, const task_build& build) {
  work.because("build task", build.runner, build.from, build.how);
  for (const std::string& line : build.lines) {
    const std::vector<std::string> words = words_of(line);
    work.out.commands.push_back(analysis::command_in(dir, is_usual_program(words.front()) ? line : run_tool(manager, line)));
  }
}

}  // namespace

const value& package_json(repository& files, std::string_view path) {
  static const value none;
  const value* tree = files.shared_tree(std::string(path), parse_json);
  return tree ? *tree : none;
}

std::set<std::string> node_dependencies(const value& package, bool with_dev) {
  std::set<std::string> out;
  for (const char* section : {"dependencies", "optionalDependencies", "devDependencies"}) {
    if (!with_dev && std::string_view(section) == "devDependencies") continue;
    for (const auto& [name, version] : package[section].members) out.insert(name);
  }
  return out;
}

bool has_build_script(const value& package) { return package["scripts"].has("build"); }

std::string out_dir_of(std::string_view script) {
  const std::vector<std::string> words = words_of(script);
  for (std::size_t i = 0; i < words.size(); ++i)
    for (const std::string_view option : {"--outDir", "--out-dir", "--dist-dir", "--output-path"}) {
      if (words[i] == option && i + 1 < words.size()) return words[i + 1];
      if (words[i].starts_with(std::string(option) + "=")) return words[i].substr(option.size() + 1);
    }
  return {};
}

bool wants_files_of_nuxt(analysis& work) {
  for (const std::string_view preset : {"static", "github-pages", "github_pages"})
    for (const std::string_view key : {"preset", "target"})
      if (js_config_says(work, {"nuxt.config.ts", "nuxt.config.js"}, key, preset)) return true;
  return false;
}

std::string build_script(analysis& work, const value& package) {
  const value& scripts = package["scripts"];
  // A recipe that calls one of them calls others as well; the script called "build" is what the project says itself.
  if (work.hint.runs_how != confidence::certain && scripts.has("build")) return "build";
  for (const std::string_view manager : {"npm", "yarn", "pnpm", "bun"})
    for (const docker_call& call : calls_in_dockerfile(work, manager)) {
      const auto name = std::find_if(call.words.begin(), call.words.end(), [](const std::string& w) { return w != "run" && !w.starts_with("-"); });
      if (name != call.words.end() && *name != "build" && (contains(*name, "build") || *name == "generate") && !scripts[*name].text.starts_with("prisma") && scripts.has(*name)) return *name;
    }
  // `nuxt build` makes a server even where files are wanted.
  if (scripts.has("generate") && node_dependencies(package, true).contains("nuxt") && wants_files_of_nuxt(work)) return "generate";
  if (out_dir_of(scripts["build"].text).empty())
    for (const auto& [name, script] : scripts.members) {
      const std::string dir = out_dir_of(script.text);
      if (dir.starts_with("../") && resolve(work.self.dir, dir) && contains(script.text, "build")) return name;
    }
  return scripts.has("build") ? "build" : "";
}

bool is_built(analysis& work, const value& package) { return has_build_script(package) || nx_infers_build(work) || build_by_task(work, work.self.dir); }

bool nx_infers_build(const analysis& work) {
  if (!work.self.is_member || !work.files.has_file(join(work.self.root, "nx.json"))) return false;
  return !work.first_of({"next.config.js", "next.config.mjs", "next.config.ts", "vite.config.ts", "vite.config.js", "vite.config.mts", "webpack.config.js"}).empty();
}

std::vector<std::string> node_members(repository& files, std::string_view manifest) {
  const std::string dir(parent_of(manifest));
  const value& package = package_json(files, join(dir, "package.json"));
  const value& workspaces = package["workspaces"];
  std::vector<std::string> out = (workspaces.is(value::kind::object) ? workspaces["packages"] : workspaces).texts();
  const auto add_from = [&](const char* name, auto parse, auto&& pick) {
    const std::string path = join(dir, name);
    const std::string* text = files.read(path);
    if (!text) return;
    const auto tree = parse(*text);
    if (tree.has_error())
      files.add_note(path, tree.error().text);
    else
      pick(*tree);
  };
  add_from("pnpm-workspace.yaml", parse_yaml, [&](const value& tree) {
    for (std::string& pattern : tree["packages"].texts()) out.push_back(std::move(pattern));
  });
  if (out.empty())
    add_from("lerna.json", parse_json, [&](const value& tree) {
      for (std::string& pattern : tree["packages"].texts()) out.push_back(std::move(pattern));
    });
  add_from("rush.json", parse_json, [&](const value& tree) {
    for (const value& project : tree["projects"].items) out.push_back(project["projectFolder"].text);
  });
  // Every project.json below an nx.json is a project.
  if (files.has_file(join(dir, "nx.json"))) out.insert(out.begin(), "**");
  return out;
}

bool is_rush_project(const analysis& work) {
  return work.self.is_member && work.files.has_file(join(work.self.root, "rush.json"));
}

void build_node_project(analysis& work, const node_manager& manager, const value& package, const value& root) {
  if (is_rush_project(work)) return build_with_rush(work, package);
  install_node_dependencies(work, manager, root);
  link_with_lerna(work, package, root);
  generate_prisma(work, manager, package, root);
  std::vector<std::string> needed;
  for (const std::string& dir : work.self.needs)
    if (has_build_script(package_json(work.files, join(dir, "package.json"))) || work.files.has_file(join(dir, "moon.yml"))) needed.push_back(dir);
  if (!has_build_script(package) && nx_infers_build(work)) {
    work.because("task runner", "Nx", join(work.self.root, "nx.json"));
    work.out.build_env["NX_DAEMON"] = "false";
    work.out.cache.push_back(join(work.self.root, ".nx/cache"));
    work.run_at_root(run_tool(manager, fmt::format("nx run {}:build", shell_word(package["name"].text))));
    return;
  }
  const std::string chosen = build_script(work, package);
  if (uses_turbo(work, package, root) && (chosen == "build" || chosen.empty())) {
    work.because("task runner", "Turbo", join(work.self.root, "turbo.json"));
    work.out.build_env["TURBO_TELEMETRY_DISABLED"] = "1";
    work.out.cache.push_back(join(work.self.root, ".turbo"));
    work.run_at_root(run_tool(manager, fmt::format("turbo run build --filter={} --cache-dir=.turbo/cache", shell_word(package["name"].text))));
    return;
  }
  for (const std::string& dir : needed) {
    if (has_build_script(package_json(work.files, join(dir, "package.json"))))
      work.out.commands.push_back(analysis::command_in(dir, run_script(manager, "build")));
    else if (const auto build = build_by_task(work, dir))
      run_tasks(work, manager, dir, *build);
  }
  if (!has_build_script(package)) {
    if (const auto build = build_by_task(work, work.self.dir)) run_tasks(work, manager, work.self.dir, *build);
    return;
  }
  const std::string& name = chosen;
  const std::string& script = package["scripts"][name].text;
  if (manager.tool != "bun" && (script.starts_with("bun ") || contains(script, " bun ") || contains(script, "bunx "))) work.needs("bun");
  if (name != "build") work.because("build script", name, out_dir_of(script).empty() && !work.hint.runs_from.empty() ? work.hint.runs_from : work.self.manifest);
  work.run(run_script(manager, name));
  // What the Dockerfile sets for its build, such as an address of a database that nobody asks then.
  for (const std::string_view tool : {"npm", "yarn", "pnpm", "bun"})
    for (const docker_call& call : calls_in_dockerfile(work, tool))
      if (std::find(call.words.begin(), call.words.end(), name) != call.words.end())
        for (const auto& [variable, text] : of_the_program(call.run->env)) work.out.build_env.emplace(variable, text);
}

bool build_front_end(analysis& work, bool build) {
  if (!work.has("package.json")) return false;
  const value& package = package_json(work.files, work.path("package.json"));
  const std::set<std::string> names = node_dependencies(package, true);
  // Without a script of its own the root builds by those of its members.
  std::vector<std::pair<std::string, std::string>> members;
  for (const std::string& dir : build && !has_build_script(package) ? package["workspaces"].texts() : std::vector<std::string>()) {
    const value& scripts = package_json(work.files, work.path(join(dir, "package.json")))["scripts"];
    const char* script = scripts.has("build") ? "build" : "production";
    if (scripts.has(script)) members.emplace_back(dir, script);
  }
  if (names.empty() || (build && !has_build_script(package) && members.empty())) return false;
  // These make a server of their own, not files for this one.
  for (const char* server : {"next", "nuxt", "@sveltejs/kit", "@remix-run/node"})
    if (build && names.contains(server)) return false;
  const node_manager manager = find_node_manager(work, package);
  work.needs("node");
  install_node_dependencies(work, manager, package);
  for (const auto& [dir, script] : members) work.out.commands.push_back(analysis::command_in(work.path(dir), run_script(manager, script)));
  if (build && members.empty()) work.run(run_script(manager, "build"));
  return true;
}

}  // namespace peelbox::detect
