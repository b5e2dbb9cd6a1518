// Projects with a package.json.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/detect/frameworks.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/packages.hpp"
#include "engine/detect/systems/node_manager.hpp"
#include "engine/detect/systems/static_files.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

value package_json(repository& files, std::string_view path) {
  const std::string* text = files.read(path);
  if (!text) return {};
  auto tree = parse_json(*text);
  if (tree.has_value()) return *tree;
  files.add_note(path, tree.error().text);
  return {};
}

std::set<std::string> dependency_names(const value& package, bool with_dev) {
  std::set<std::string> out;
  for (const char* section : {"dependencies", "optionalDependencies", "devDependencies"}) {
    if (!with_dev && std::string_view(section) == "devDependencies") continue;
    for (const auto& [name, version] : package[section].members) out.insert(name);
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
    const std::string& engines = (*tree)["engines"]["node"].text;
    if (!engines.empty()) return take_version(work, "node", engines, "engines in " + join(*dir, "package.json"), confidence::likely);
  }
  return {};
}

bool is_built(const value& package) { return package["scripts"].has("build"); }

/// Where a front end's build leaves its files, or "" when the project is no such thing.
std::string site_directory(analysis& work, const std::set<std::string>& all, const value& package) {
  if (!is_built(package)) return {};
  if (all.contains("react-scripts")) return "build";
  if (all.contains("@angular/core")) return fmt::format("dist/{}/browser", package["name"].text);
  if (all.contains("gatsby")) return "public";
  if (all.contains("@docusaurus/core")) return "build";
  if (all.contains("@11ty/eleventy")) return "_site";
  if (all.contains("vitepress")) {
    return work.files.has_directory(work.path("docs/.vitepress")) ? "docs/.vitepress/dist" : ".vitepress/dist";
  }
  if (all.contains("astro")) return "dist";
  if (all.contains("@vue/cli-service") || all.contains("vite") || all.contains("parcel")) return "dist";
  return {};
}

/// Servers of frameworks with a fixed way to start them.
std::string framework_command(analysis& work, const framework& f, const std::set<std::string>& all, std::uint16_t port) {
  if (f.name == "Next.js") return fmt::format("next start -H 0.0.0.0 -p {}", port);
  if (f.name == "Nuxt") return "node .output/server/index.mjs";
  if (f.name == "SvelteKit" && all.contains("@sveltejs/adapter-node")) return "node build/index.js";
  if (f.name == "Astro" && all.contains("@astrojs/node")) return "node dist/server/entry.mjs";
  if (f.name == "NestJS" && work.has("nest-cli.json")) return "node dist/main.js";
  return {};
}

std::string script_of(const value& package) {
  for (const char* name : {"start:prod", "start", "serve"})
    if (const std::string& text = package["scripts"][name].text; !text.empty()) return name;
  return {};
}

/// What the built program is, when no script says it.
std::string main_file(analysis& work, const value& package) {
  const std::string& main = package["main"].text;
  if (!main.empty() && (work.has(main) || is_built(package))) return main;
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

/// In the directory of the service, whatever the working directory is.
std::vector<std::string> started_in(const std::string& dir, const std::string& command) {
  std::vector<std::string> plain = as_command(command);
  if (dir == "/app") return plain;
  if (plain.size() == 2 && plain[0] == "node" && plain[1].front() != '-') return {"node", join(dir, plain[1])};
  return {"/bin/sh", "-c", fmt::format("cd {} && exec {}", shell_word(dir), command)};
}

/// From the text of the script, so that no package manager is needed in the image.
std::string script_command(const node_manager& manager, const value& package, const std::string& script) {
  const std::string& text = package["scripts"][script].text;
  const bool simple = text.find_first_of(";|&<>\n") == std::string::npos;
  const bool calls_manager = contains(text, "npm ") || contains(text, "yarn ") || contains(text, "pnpm ") || contains(text, "bun run");
  return simple && !calls_manager && !package["scripts"].has("pre" + script) ? text : run_script(manager, script);
}

/// Builds of what it needs inside the workspace, then its own.
void build_all(analysis& work, const node_manager& manager, const value& package) {
  for (const std::string& dir : work.self.needs)
    if (is_built(package_json(work.files, join(dir, "package.json"))))
      work.out.commands.push_back(analysis::command_in(dir, run_script(manager, "build")));
  if (is_built(package)) work.run(run_script(manager, "build"));
}

void analyse(analysis& work) {
  const value package = package_json(work.files, work.self.manifest);
  const value root = work.self.is_member ? package_json(work.files, join(work.self.root, "package.json")) : package;
  const std::set<std::string> dependencies = dependency_names(package, false);
  const std::set<std::string> all = dependency_names(package, true);
  if (!package["name"].text.empty()) work.out.name = package["name"].text;
  const std::vector<std::string> sources = work.sources({".js", ".ts", ".mjs", ".cjs", ".mts", ".tsx"});
  const bool typescript = all.contains("typescript") || work.has("tsconfig.json") ||
                          std::any_of(sources.begin(), sources.end(), [](const std::string& s) { return s.ends_with(".ts"); });
  work.out.language = typescript ? "TypeScript" : "JavaScript";
  const node_manager manager = find_node_manager(work, root);
  work.out.build_system = manager.name;
  const std::string version = node_version(work, package, root);
  work.needs("node", version);
  install_node_dependencies(work, manager, root);
  build_all(work, manager, package);

  const framework* f = use_framework(work, ecosystem::node, all);
  const std::string script = script_of(package);
  const source_facts facts = look_at_sources(work, sources, {".listen(", "PORT || ", "PORT ?? ", "PORT) || ", "PORT) ?? ", "port: ", "PORT = "});
  const std::string usual_from = f ? fmt::format("{}'s usual port", f->name) : "";
  std::string command;
  std::string from = work.self.manifest;
  if (f) command = framework_command(work, *f, all, work.hinted_port != 0 ? work.hinted_port : f->port);
  const std::string site = command.empty() ? site_directory(work, all, package) : "";
  const bool serves_itself = std::any_of(dependencies.begin(), dependencies.end(), [](const std::string& d) {
    return d == "express" || d == "fastify" || d == "koa" || d == "@nestjs/core" || d == "hono" || d == "@hapi/hapi";
  });
  if (!site.empty() && !serves_itself) {
    serve_static_files(work, site, "what the build leaves");
    return;
  }
  if (!command.empty()) {
    from = usual_from.substr(0, usual_from.find("'s"));
  } else if (!script.empty()) {
    command = script_command(manager, package, script);
    from = fmt::format("scripts.{} in {}", script, work.self.manifest);
  } else if (const std::string file = main_file(work, package); !file.empty() && !work.self.is_member) {
    command = "node " + file;
    from = work.path(file);
  } else if (!file.empty() && (f || facts.port)) {
    command = "node " + file;
    from = work.path(file);
  }
  const bool has_pages = work.files.has_directory(work.path("pages")) || work.files.has_directory(work.path("app")) ||
                         work.files.has_directory(work.path("src"));
  if (f && f->name == "Next.js" && !is_built(package) && !has_pages) {
    work.out.no_service = "it depends on Next.js, but has neither a build script nor pages";
    return;
  }
  if (!work.self.members.empty() && !f && !facts.port) {
    work.out.no_service = "the root of a workspace; its scripts are for all members";
    return;
  }
  if (command.empty()) {
    work.out.no_service = "no start script, framework or main file: a library";
    return;
  }
  const std::string dir = image_directory(work);
  work.out.command = started_in(dir, command);
  work.because("command", command, from, confidence::likely);
  work.needs_at_runtime("node", version);
  if (command.starts_with(std::string(manager.tool) + " run")) work.needs_at_runtime(manager.tool == "npm" || has_package(manager.tool, work.target) ? manager.tool : "npm");
  if (command.starts_with("bun ")) work.needs_at_runtime("bun");
  // Everything of the workspace: links in node_modules lead to the members.
  work.out.copy.push_back({work.self.root.empty() ? "." : work.self.root + "/", "/app/"});
  work.out.runtime_env["NODE_ENV"] = "production";
  const std::string own = dir == "/app" ? "" : join(dir, "node_modules/.bin:");
  work.out.runtime_env["PATH"] =
      own + "/app/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  apply(work, facts, f ? f->port : std::uint16_t{0}, usual_from);
  const bool told_by_variable = f && (f->name == "Nuxt" || f->name == "SvelteKit" || f->name == "Astro");
  if (told_by_variable && !work.out.ports.empty()) {
    work.out.runtime_env["PORT"] = std::to_string(work.out.ports.front());
    work.out.runtime_env["HOST"] = "0.0.0.0";
  }
}

std::string refuses(repository& files, std::string_view manifest) {
  const std::string* text = files.read(manifest);
  if (!text) return "it cannot be read";
  const auto tree = parse_json(*text);
  if (tree.has_error()) {
    files.add_note(manifest, tree.error().text);
    return "it is broken";
  }
  return tree->is(value::kind::object) ? "" : "it is not an object";
}

std::vector<std::string> members(repository& files, std::string_view manifest) {
  const value package = package_json(files, manifest);
  const value& workspaces = package["workspaces"];
  std::vector<std::string> out = (workspaces.is(value::kind::object) ? workspaces["packages"] : workspaces).texts();
  const std::string dir(parent_of(manifest));
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
  if (out.empty() && files.has_file(join(dir, "nx.json"))) out = {"apps/**", "packages/**", "libs/**"};
  return out;
}

std::string name_in(repository& files, std::string_view manifest) { return package_json(files, manifest)["name"].text; }

std::vector<std::string> needed(repository& files, std::string_view manifest) {
  const std::set<std::string> names = dependency_names(package_json(files, manifest), true);
  return {names.begin(), names.end()};
}

void analyse_file(analysis& work) {
  work.out.build_system = "none";
  work.out.language = "JavaScript";
  const std::string version = node_version(work, {}, {});
  work.needs_at_runtime("node", version);
  work.copy(".", "/app/");
  work.out.command = {"node", std::string(name_of(work.self.manifest))};
  work.because("command", "node " + work.out.command.back(), work.self.manifest, confidence::likely);
  apply(work, look_at_sources(work, work.sources({".js", ".mjs"}), {".listen(", "PORT || ", "PORT ?? "}), 0, "");
}

}  // namespace

const build_system node_system{.name = "npm",
                               .manifests = {"package.json"},
                               .refuses = refuses,
                               .members = members,
                               .package_name = name_in,
                               .dependencies = needed,
                               .analyse = analyse};

const build_system node_file_system{
    .name = "a JavaScript file", .manifests = {"server.js", "app.js", "index.js", "main.js"}, .weak = true, .analyse = analyse_file};

}  // namespace peelbox::detect
