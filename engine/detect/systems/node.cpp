// Projects with a package.json.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "engine/detect/frameworks.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/named_tasks.hpp"
#include "engine/detect/packages.hpp"
#include "engine/detect/systems/js_config.hpp"
#include "engine/detect/systems/node_manager.hpp"
#include "engine/detect/systems/node_site.hpp"
#include "engine/detect/systems/node_workspace.hpp"
#include "engine/detect/systems/static_files.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

/// Servers are tools of a test, where they are only among the devDependencies.
std::set<std::string> framework_names(const value& package) {
  constexpr std::array<std::string_view, 8> servers{"express", "fastify", "hono", "koa", "@hapi/hapi", "@nestjs/core", "@strapi/strapi", "@adonisjs/core"};
  std::set<std::string> out = node_dependencies(package, true);
  const std::set<std::string> own = node_dependencies(package, false);
  for (const std::string_view name : servers)
    if (!own.contains(std::string(name))) out.erase(std::string(name));
  return out;
}

/// Next.js with `output: "standalone"`: a server of its own, to which its files are moved.
way_to_start next_standalone(const analysis& work) {
  std::string_view below = work.self.dir;
  if (!work.self.root.empty()) below.remove_prefix(std::min(below.size(), work.self.root.size() + 1));
  const std::string tree = join(".next/standalone", below);
  std::string move = fmt::format("cp -r .next/static {}/.next/static", shell_word(tree));
  if (work.files.has_directory(work.path("public"))) move += fmt::format(" && cp -r public {}/public", shell_word(tree));
  return {{"node", join(join("/app", below), tree + "/server.js")}, {analysis::command_in(work.self.dir, move)}, {}};
}

std::string svelte_config(const analysis& work) { return work.first_of({"svelte.config.js", "svelte.config.ts", "svelte.config.mjs"}); }

/// Servers of frameworks with a fixed way to start them.
std::string framework_command(analysis& work, const framework& f, const std::set<std::string>& all) {
  if (f.name == "Next.js") return fmt::format("next start -H 0.0.0.0 -p {}", told_port(work, f.port, "Next.js's usual port"));
  if (f.name == "Nuxt") return "node .output/server/index.mjs";
  if (f.name == "SvelteKit") {
    const svelte_adapter adapter = find_svelte_adapter(work, all);
    return adapter.name == "node" || (adapter.name == "auto" && !svelte_config(work).empty()) ? fmt::format("node {}/index.js", adapter.out.empty() ? "build" : adapter.out) : "";
  }
  if (f.name == "Astro" && all.contains("@astrojs/node")) return "node dist/server/entry.mjs";
  if (f.name == "TanStack Start") {
    // With Nitro's plugin the server is Nitro's; without, the build makes a handler that srvx serves.
    const bool nitro = all.contains("nitro") || all.contains("nitropack") || all.contains("@tanstack/nitro-v2-vite-plugin") || all.contains("vinxi");
    return nitro ? "node .output/server/index.mjs" : "npx --yes srvx --prod -s ../client dist/server/server.js";
  }
  if (f.name == "NestJS" && work.has("nest-cli.json")) return "node dist/main.js";
  return {};
}

std::string script_of(const value& package) {
  for (const char* name : {"start:prod", "start", "serve"})
    if (const std::string& text = package["scripts"][name].text; !text.empty()) return name;
  return {};
}

/// adapter-auto knows only places that are none of ours, and makes nothing elsewhere: adapter-node takes its place, between
/// the installation and the build.
void replace_svelte_adapter(analysis& work, const node_manager& manager, const std::set<std::string>& all) {
  const std::string file = svelte_config(work);
  if (file.empty() || !all.contains("@sveltejs/kit") || work.out.commands.empty() || find_svelte_adapter(work, all).name != "auto") return;
  const std::string_view add = manager.tool == "npm" ? "npm install --no-save" : manager.tool == "pnpm" ? "pnpm add --save-dev" : manager.tool == "yarn" ? "yarn add --dev" : "bun add --dev";
  const std::string text = fmt::format("{} @sveltejs/adapter-node && sed -i 's#@sveltejs/adapter-auto#@sveltejs/adapter-node#' {}", add, file);
  work.out.commands.insert(work.out.commands.end() - 1, analysis::command_in(work.self.dir, text));
  work.because("adapter", "adapter-node instead of adapter-auto, which makes no server", work.path(file), confidence::guess);
}

/// What the built program is, when no script says it.
std::string main_file(analysis& work, const value& package) {
  const std::string& main = package["main"].text;
  // A build makes new files in a directory of its own, and none beside the sources.
  const bool is_made = is_built(work, package) && contains(main, "/") && !work.files.has_directory(work.path(parent_of(main)));
  if (!main.empty() && (work.has(main) || is_made)) return main;
  if (!main.empty() && work.has(main + ".js")) return main + ".js";
  return work.first_of({"server.js", "app.js", "index.js", "main.js", "src/server.js", "src/index.js", "src/app.js", "src/main.js",
                        "server.mjs", "index.mjs", "src/index.mjs", "index.cjs"});
}

/// Where the service is in the image: /app holds its workspace.
std::string image_directory(const analysis& work) {
  std::string_view below = work.self.dir;
  if (!work.self.root.empty()) below.remove_prefix(std::min(below.size(), work.self.root.size() + 1));
  return join("/app", below);
}

/// The script that a script only calls: "npm run serve" -> "serve"; "" when it does more.
std::string called_script(const value& package, std::string_view text) {
  for (const std::string_view how : {"npm run ", "yarn run ", "pnpm run ", "bun run ", "yarn ", "pnpm "}) {
    if (!text.starts_with(how)) continue;
    const std::string name(trim(text.substr(how.size())));
    if (package["scripts"].has(name)) return name;
  }
  return {};
}

/// From the text of the script, so that no package manager is needed in the image.
std::string script_command(const node_manager& manager, const value& package, std::string script) {
  constexpr int deepest = 4;
  for (int i = 0; i < deepest && !package["scripts"].has("pre" + script); ++i) {
    const std::string next = called_script(package, package["scripts"][script].text);
    if (next.empty()) break;
    script = next;
  }
  const std::string& text = package["scripts"][script].text;
  const bool simple = text.find_first_of(";|&<>\n") == std::string::npos;
  const std::size_t bun = text.find("bun run ");
  const bool bun_script = bun != std::string::npos && package["scripts"].has(text.substr(bun + 8, text.find(' ', bun + 8) - bun - 8));
  const bool calls_manager = contains(text, "npm ") || contains(text, "yarn ") || contains(text, "pnpm ") || bun_script;
  return simple && !calls_manager && !package["scripts"].has("pre" + script) ? text : run_script(manager, script);
}

/// A published package: others use it, nobody starts it.
bool is_library(const value& package) {
  for (const char* field : {"exports", "files", "types", "typings", "module", "peerDependencies", "publishConfig", "bin"})
    if (package.has(field)) return true;
  return false;
}

/// A script for those who write the program, which a Dockerfile knows better than.
bool is_for_developers(std::string_view text) {
  constexpr std::array<std::string_view, 14> marks{"nodemon", "ts-node-dev", "--watch", "vite dev", "next dev", "react-scripts start", "ng serve",
                                                   "webpack-dev-server", "webpack serve", "concurrently", "tsx watch", "nest start", "nuxt dev", "--inspect"};
  return text == "vite" || std::any_of(marks.begin(), marks.end(), [&](std::string_view m) { return contains(text, m); });
}

/// `has_own_way`: the framework's server is started as configured, and the script is another word for it.
void add_starts(analysis& work, const node_manager& manager, const value& package, const framework* f, bool serves, bool has_own_way) {
  const std::string dir = image_directory(work);
  if (const std::string script = script_of(package); !script.empty()) {
    const std::string& text = package["scripts"][script].text;
    const std::string command = script_command(manager, package, script);
    work.starts(has_own_way || is_for_developers(text) ? rank::convention : rank::configured, in_directory(dir, as_command(command)),
                fmt::format("scripts.{} in {}", script, work.self.manifest));
    // The manager calls what the script names.
    const bool by_manager = command.starts_with(std::string(manager.tool) + " run");
    if (by_manager && !has_package(manager.tool, work.target)) work.needs_at_runtime("npm");
    if (by_manager && (text.starts_with("bun ") || contains(text, " bun "))) work.needs_at_runtime("bun");
  }
  if (const task_start by = start_by_task(work); !by.line.empty()) work.starts(rank::convention, in_directory(dir, as_command(by.line)), by.from);
  const auto& hinted = work.hint.command;
  const bool is_there = hinted.size() != 2 || hinted[0] != "node" || is_built(work, package) || work.has(hinted[1]);
  if (is_there) take_hinted_command(work, {"node", "npm", "yarn", "pnpm", "bun"}, dir);
  if (manager.tool == "bun") {
    const std::string& module = package["module"].text;
    const std::string file = !module.empty() && work.has(module) ? module : work.first_of({"index.ts", "src/index.ts", "server.ts", "src/server.ts", "src/index.tsx"});
    // `bun init` names the program as the module.
    const bool published = package.has("exports") || package.has("files") || package.has("types") || package.has("publishConfig") || package.has("bin");
    if (!file.empty() && (f || serves || !published)) work.starts(rank::convention, in_directory(dir, {"bun", "run", file}), work.path(file));
  }
  const std::string file = main_file(work, package);
  // Tools such as Vite make libraries as well.
  const bool started = (f && f->port != 0) || serves || (!work.self.is_member && !is_library(package));
  if (!file.empty() && started) work.starts(rank::convention, in_directory(dir, {"node", file}), work.path(file), f || serves ? confidence::likely : confidence::guess);
}

/// "yarn start --flag" of a Procfile or Dockerfile is what the script says, so that the image needs no package manager.
void expand_scripts(analysis& work, const value& package) {
  for (finding<way_to_start>& found : work.out.start.all()) {
    std::vector<std::string>& words = found.value.words;
    const bool shell = words.size() == 3 && words[0] == "/bin/sh" && words[1] == "-c";
    std::vector<std::string> parts = shell ? words_of(words[2]) : words;
    const std::size_t first = !parts.empty() && parts[0] == "exec" ? 1 : 0;
    if (parts.size() < first + 2 || (parts[first] != "npm" && parts[first] != "yarn" && parts[first] != "pnpm")) continue;
    const std::size_t name_at = first + (parts[first + 1] == "run" ? 2 : 1);
    if (name_at >= parts.size()) continue;
    const std::string& name = parts[name_at];
    const std::string& text = package["scripts"][name].text;
    if (text.empty() || package["scripts"].has("pre" + name) || text.find_first_of(";|&<>\n") != std::string::npos || contains(text, "npm ") || contains(text, "yarn ")) continue;
    std::string command = text;
    for (std::size_t i = name_at + 1; i < parts.size(); ++i)
      if (parts[i] != "--") command += " " + (shell ? parts[i] : shell_word(parts[i]));
    words = in_directory(image_directory(work), as_command(command));
  }
}

/// The Maven or Gradle module above it whose own build runs npm here (Quinoa, frontend-maven-plugin, Gradle's node plugin): its manifest, or "".
std::string built_by_jvm(analysis& work) {
  for (std::string_view dir = work.self.dir; !dir.empty();) {
    dir = parent_of(dir);
    for (const char* name : {"pom.xml", "build.gradle", "build.gradle.kts"}) {
      const std::string path = join(dir, name);
      const std::string* text = work.files.has_file(path) ? work.files.read(path) : nullptr;
      if (!text) continue;
      std::string_view below = work.self.dir;
      below.remove_prefix(dir.empty() ? 0 : dir.size() + 1);
      if (contains(*text, "quarkus-quinoa") && below == "src/main/webui") return path;
      const bool has_plugin = contains(*text, "frontend-maven-plugin") || contains(*text, "com.github.node-gradle") || contains(*text, "org.siouxan.frontend");
      if (has_plugin && contains(*text, below)) return path;
    }
  }
  return {};
}

/// An application for desktops or phones, or a part of another build: "" when it is neither.
std::string kind_of_application(analysis& work, const value& package, const std::set<std::string>& all) {
  if (const std::string path = built_by_jvm(work); !path.empty()) return "built by " + path;
  if (all.contains("electron") && (contains(package["scripts"]["start"].text, "electron") || package.has("main"))) return "an Electron application for desktops";
  if (work.files.has_directory(work.path("src-tauri")) || (all.contains("@tauri-apps/cli") && all.contains("@tauri-apps/api"))) return "the pages of a Tauri application for desktops";
  if (all.contains("@neutralinojs/neu")) return "a Neutralino application for desktops";
  if (all.contains("vscode") || package["engines"].has("vscode")) return "an extension of an editor";
  return {};
}

void put_in_image(analysis& work, const std::string& version) {
  const std::string dir = image_directory(work);
  // Not where the start is Bun's alone.
  const finding<way_to_start>* start = work.out.start.winner();
  if (!start || start->value.words.front() != "bun") work.needs_at_runtime("node", version);
  // Everything of the workspace: links in node_modules lead to the members.
  work.out.copy.push_back({work.self.root.empty() ? "." : work.self.root + "/", "/app/"});
  work.out.runtime_env["NODE_ENV"] = "production";
  const std::string own = dir == "/app" ? "" : join(dir, "node_modules/.bin:");
  work.out.runtime_env["PATH"] =
      own + "/app/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/// The package.json above it that takes it in by its path ("file:stub/x"), or "".
std::string taken_in_by(analysis& work) {
  for (std::string_view dir = work.self.dir; !dir.empty();) {
    dir = parent_of(dir);
    const std::string path = join(dir, "package.json");
    if (!work.files.has_file(path)) continue;
    const value& package = package_json(work.files, path);
    for (const char* section : {"dependencies", "devDependencies", "optionalDependencies", "overrides", "resolutions"})
      for (const auto& [name, version] : package[section].members)
        for (const std::string_view how : {"file:", "link:", "portal:"})
          if (version.text.starts_with(how) && resolve(dir, std::string_view(version.text).substr(how.size())) == work.self.dir) return path;
  }
  return {};
}

/// Why it is no service although it has a command; "" when it is one.
std::string disqualified(analysis& work, const value& package, const framework* f, const source_facts& facts) {
  const bool has_pages = work.files.has_directory(work.path("pages")) || work.files.has_directory(work.path("app")) ||
                         work.files.has_directory(work.path("src"));
  if (const std::string path = taken_in_by(work); !path.empty()) return "a part of " + path;
  if (const std::string kind = kind_of_application(work, package, node_dependencies(package, true)); !kind.empty()) return kind;
  if (f && f->name == "Next.js" && !has_build_script(package) && !has_pages)
    return "it depends on Next.js, but has neither a build script nor pages";
  // Nx keeps the dependencies of all projects in the root, so a framework there says nothing of the root.
  const bool of_nx = work.has("nx.json") && !work.self.members.empty();
  const bool is_root = !work.self.members.empty() || work.has("nx.json") || work.has("rush.json");
  // `node FILE` of its own is what the root itself does.
  const auto words = words_of(package["scripts"][script_of(package)].text);
  if (is_root && words.size() == 2 && (words[0] == "node" || words[0] == "bun") && work.has(words[1])) return {};
  if (is_root && words.empty() && !package["module"].text.empty() && work.has(package["module"].text)) return {};
  if (is_root && (!f || f->port == 0 || of_nx) && !facts.port) return "the root of a workspace; its scripts are for all members";
  return {};
}

/// Serves it, unless its files go into another service, which serves them.
void take_site(analysis& work, const site& page) {
  const auto inside = resolve(work.self.dir, page.dir);
  if (inside && !is_inside(*inside, work.self.dir))
    for (std::string_view dir = *inside; !dir.empty();) {
      dir = parent_of(dir);
      const auto at = std::lower_bound(work.all.begin(), work.all.end(), dir, [](const candidate& c, std::string_view d) { return c.dir < d; });
      // The root of its own workspace serves nothing.
      if (at == work.all.end() || at->dir != dir || (is_inside(work.self.dir, dir) && at->system->name == node_system.name)) continue;
      work.out.feeds = *inside;
      work.out.no_service = fmt::format("its build goes to {}, so it is a part of {}", *inside, dir.empty() ? at->manifest : std::string(dir));
      return;
    }
  // Beside the repository: the build runs in /build.
  const std::string where = inside ? *inside : "/" + resolve(join("build", work.self.dir), page.dir).value_or("");
  serve_tree(work, where, "what the build leaves", page.single_page, page.fallback);
}

void analyse_package(analysis& work) {
  const value& package = package_json(work.files, work.self.manifest);
  const value& root = work.self.is_member ? package_json(work.files, join(work.self.root, "package.json")) : package;
  const std::set<std::string> dependencies = node_dependencies(package, false);
  const std::set<std::string> all = node_dependencies(package, true);
  if (!package["name"].text.empty()) work.out.name = package["name"].text;
  const std::vector<std::string> sources = work.sources({".js", ".ts", ".mjs", ".cjs", ".mts", ".tsx"});
  const bool typescript = all.contains("typescript") || work.has("tsconfig.json") ||
                          std::any_of(sources.begin(), sources.end(), [](const std::string& s) { return s.ends_with(".ts"); });
  work.out.language = typescript ? "TypeScript" : "JavaScript";
  const node_manager manager = find_node_manager(work, root);
  work.out.build_system = manager.name;
  const std::string version = node_version(work, package, root);
  work.needs("node", version);
  build_node_project(work, manager, package, root);
  replace_svelte_adapter(work, manager, all);

  const framework* f = use_framework(work, ecosystem::node, framework_names(package));
  const source_facts facts = look_at_node_sources(work, sources);
  const std::string usual_from = f ? fmt::format("{}'s usual port", f->name) : "";
  const site page = find_site(work, all, package);
  const bool serves_itself = std::any_of(dependencies.begin(), dependencies.end(), [](const std::string& d) {
    return d == "express" || d == "fastify" || d == "koa" || d == "@nestjs/core" || d == "hono" || d == "@hapi/hapi";
  });
  const bool is_server = serves_itself && f && f->port != 0 && f->name != "Angular";
  // TanStack Start is young, and its server has changed: a script of the project knows better.
  const bool says_itself = f && f->name == "TanStack Start" && !script_of(package).empty();
  const std::string command = f && page.dir.empty() && !says_itself ? framework_command(work, *f, all) : "";
  if (command.empty() && !page.dir.empty() && !is_server) {
    work.out.no_service = kind_of_application(work, package, all);
    return work.out.no_service.empty() ? take_site(work, page) : void();
  }
  if (f && f->name == "Next.js" && js_config_says(work, next_config, "output", "standalone"))
    work.starts(rank::configured, next_standalone(work), "output: standalone in next.config");
  else if (!command.empty())
    work.starts(rank::configured, in_directory(image_directory(work), words_of(command)), std::string(f->name));
  add_starts(work, manager, package, f, facts.port.has_value(), !command.empty());
  expand_scripts(work, package);
  if (work.out.start.empty() && f && f->name == "SvelteKit") {
    work.out.no_service = "SvelteKit without adapter-node or adapter-static makes nothing that can be started";
    return;
  }
  work.out.no_service = disqualified(work, package, f, facts);
  work.out.nothing_to_start = "no start script, framework or main file: a library";
  if (!work.out.no_service.empty() || work.out.start.empty()) return;
  put_in_image(work, version);
  apply(work, facts, f ? f->port : std::uint16_t{0}, usual_from);
  const bool told_by_variable = f && (f->name == "Nuxt" || f->name == "SvelteKit" || f->name == "Astro" || f->name == "TanStack Start" || js_config_says(work, next_config, "output", "standalone"));
  if (!told_by_variable) return;
  work.out.port_variable_from = f->name;
  work.out.runtime_env[f->name == "Next.js" ? "HOSTNAME" : "HOST"] = "0.0.0.0";
}

void analyse_node(analysis& work) {
  const std::string_view manifest = name_of(work.self.manifest);
  if (manifest == "project.json") return analyse_nx_project(work);
  if (manifest == "package.json") return analyse_package(work);
  work.out.language = "JavaScript";
  work.out.no_service = "the root of a Rush repository";
}

std::string refuses_node(repository& files, std::string_view manifest) {
  const std::string* text = files.read(manifest);
  if (!text) return "it cannot be read";
  const auto tree = parse_json(*text);
  if (tree.has_error()) {
    files.add_note(manifest, tree.error().text);
    return "it is broken";
  }
  if (!tree->is(value::kind::object)) return "it is not an object";
  if (!manifest.ends_with("project.json")) return "";
  for (std::string_view dir = parent_of(manifest); !dir.empty();) {
    dir = parent_of(dir);
    if (files.has_file(join(dir, "nx.json"))) return "";
  }
  return "there is no nx.json above it";
}

std::string name_in_node(repository& files, std::string_view manifest) { return package_json(files, manifest)["name"].text; }

std::vector<std::string> needed_node(repository& files, std::string_view manifest) {
  const std::set<std::string> names = node_dependencies(package_json(files, manifest), true);
  return {names.begin(), names.end()};
}

void analyse_node_file(analysis& work) {
  work.out.build_system = "none";
  work.out.language = "JavaScript";
  const std::string version = node_version(work, {}, {});
  work.needs_at_runtime("node", version);
  work.copy(".", "/app/");
  work.starts(rank::convention, {"node", std::string(name_of(work.self.manifest))}, work.self.manifest);
  take_hinted_command(work, {"node"});
  apply(work, look_at_node_sources(work, work.sources({".js", ".mjs"})), 0, "");
}

}  // namespace

const build_system node_system{.name = "npm",
                               .manifests = {"package.json", "rush.json", "project.json"},
                               .refuses = refuses_node,
                               .members = node_members,
                               .package_name = name_in_node,
                               .dependencies = needed_node,
                               .analyse = analyse_node};

const build_system node_file_system{
    .name = "a JavaScript file", .manifests = {"server.js", "app.js", "index.js", "main.js"}, .weak = true, .analyse = analyse_node_file};

}  // namespace peelbox::detect
