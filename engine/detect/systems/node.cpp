// Projects with a package.json.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "engine/detect/frameworks.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/packages.hpp"
#include "engine/detect/systems/node_manager.hpp"
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

struct site {
  std::string dir;  ///< "" when there is none
  bool single_page = false;
};

/// Where Angular's builder leaves the files.
std::string angular_output(analysis& work, const value& package) {
  const value& config = package_json(work.files, work.path("angular.json"));
  const auto& projects = config["projects"].members;
  std::string name = config["defaultProject"].text;
  for (const auto& [project, content] : projects)
    if (name.empty() && content["projectType"].text != "library") name = project;
  const value& build = config["projects"][name]["architect"]["build"];
  std::string builder = build["builder"].text;
  const value& path = build["options"]["outputPath"];
  std::string out = path.is(value::kind::object) ? path["base"].text : path.text;
  if (out.empty()) out = fmt::format("dist/{}", name.empty() ? package["name"].text : name);
  // Without angular.json: since 17 the usual builder has a directory for the browser.
  const std::string major = first_version(package["dependencies"]["@angular/core"].text);
  const bool browser = builder.empty() ? major.empty() || !version_less(major, "17") : builder.ends_with(":application");
  if (path.is(value::kind::object) && path.has("browser")) return join(out, path["browser"].text);
  return browser ? out + "/browser" : out;
}

bool config_says(analysis& work, std::initializer_list<std::string_view> files, std::initializer_list<std::string_view> texts) {
  for (const std::string_view file : files)
    if (const std::string* text = work.read(file))
      for (const std::string_view wanted : texts)
        if (contains(*text, wanted)) return true;
  return false;
}

/// Where a front end's build leaves its files.
site find_site(analysis& work, const std::set<std::string>& all, const value& package) {
  if (!has_build_script(package)) return {};
  if (all.contains("next"))
    return config_says(work, {"next.config.js", "next.config.mjs", "next.config.ts"}, {"output: 'export'", "output: \"export\""}) ? site{"out"} : site{};
  if (all.contains("@sveltejs/kit")) return all.contains("@sveltejs/adapter-static") ? site{"build"} : site{};
  if (all.contains("react-scripts")) return {"build", true};
  if (all.contains("@angular/core")) return {angular_output(work, package), true};
  if (all.contains("gatsby")) return {"public"};
  if (all.contains("@docusaurus/core")) return {"build"};
  if (all.contains("@11ty/eleventy")) return {"_site"};
  if (all.contains("vitepress")) return {work.files.has_directory(work.path("docs/.vitepress")) ? "docs/.vitepress/dist" : ".vitepress/dist"};
  if (all.contains("astro")) return {"dist"};
  if (all.contains("@vue/cli-service") || all.contains("parcel")) return {"dist", true};
  // Without a page of its own Vite makes a library, or what another server serves.
  if (all.contains("vite") && work.has("index.html")) return {"dist", true};
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
  if (!main.empty() && (work.has(main) || has_build_script(package))) return main;
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
  const bool calls_manager = contains(text, "npm ") || contains(text, "yarn ") || contains(text, "pnpm ") || contains(text, "bun run");
  return simple && !calls_manager && !package["scripts"].has("pre" + script) ? text : run_script(manager, script);
}

/// A published package: others use it, nobody starts it.
bool is_library(const value& package) {
  for (const char* field : {"exports", "files", "types", "typings", "module", "peerDependencies", "publishConfig", "bin"})
    if (package.has(field)) return true;
  return false;
}

/// What a Dockerfile starts, when it is started the same way here.
std::string hinted_command(const analysis& work) {
  const auto& words = work.hint.command;
  if (words.size() < 2 || (words[0] != "node" && words[0] != "npm" && words[0] != "yarn" && words[0] != "pnpm" && words[0] != "bun")) return {};
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + shell_word(word);
  return out;
}

struct started {
  std::string command;  ///< "" when there is none
  std::string from;
  confidence how = confidence::likely;
};


started find_command(analysis& work, const node_manager& manager, const value& package, const framework* f,
                                                 bool serves) {
  if (const std::string script = script_of(package); !script.empty())
    return {script_command(manager, package, script), fmt::format("scripts.{} in {}", script, work.self.manifest)};
  if (std::string command = hinted_command(work); !command.empty()) return {std::move(command), work.hint.command_from};
  const std::string file = main_file(work, package);
  const bool started = f || serves || (!work.self.is_member && !is_library(package));
  if (file.empty() || !started) return {};
  return {"node " + file, work.path(file), f || serves ? confidence::likely : confidence::guess};
}

void put_in_image(analysis& work, const node_manager& manager, const std::string& command, const std::string& version) {
  const std::string dir = image_directory(work);
  work.out.command = started_in(dir, command);
  const bool by_manager = command.starts_with(std::string(manager.tool) + " run");
  if (!command.starts_with("bun ")) work.needs_at_runtime("node", version);
  if (by_manager) work.needs_at_runtime(manager.tool == "npm" || has_package(manager.tool, work.target) ? manager.tool : "npm");
  if (command.starts_with("bun ")) work.needs_at_runtime("bun");
  // Everything of the workspace: links in node_modules lead to the members.
  work.out.copy.push_back({work.self.root.empty() ? "." : work.self.root + "/", "/app/"});
  work.out.runtime_env["NODE_ENV"] = "production";
  const std::string own = dir == "/app" ? "" : join(dir, "node_modules/.bin:");
  work.out.runtime_env["PATH"] =
      own + "/app/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/// Why it is no service although it has a command; "" when it is one.
std::string disqualified(analysis& work, const value& package, const framework* f, const source_facts& facts) {
  const bool has_pages = work.files.has_directory(work.path("pages")) || work.files.has_directory(work.path("app")) ||
                         work.files.has_directory(work.path("src"));
  if (f && f->name == "Next.js" && !has_build_script(package) && !has_pages)
    return "it depends on Next.js, but has neither a build script nor pages";
  // Nx keeps the dependencies of all projects in the root, so a framework there says nothing of the root.
  const bool of_nx = work.has("nx.json") && !work.self.members.empty();
  const bool is_root = !work.self.members.empty() || work.has("nx.json") || work.has("rush.json");
  if (is_root && (!f || f->port == 0 || of_nx) && !facts.port) return "the root of a workspace; its scripts are for all members";
  return {};
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

  const framework* f = use_framework(work, ecosystem::node, framework_names(package));
  const source_facts facts = look_at_node_sources(work, sources);
  const std::string usual_from = f ? fmt::format("{}'s usual port", f->name) : "";
  started start{"", usual_from.substr(0, usual_from.find("'s"))};
  const site page = find_site(work, all, package);
  const bool exported = page.dir == "out" || all.contains("@sveltejs/adapter-static");
  if (f && !exported) start.command = framework_command(work, *f, all, work.hint.port != 0 ? work.hint.port : f->port);
  const bool serves_itself = std::any_of(dependencies.begin(), dependencies.end(), [](const std::string& d) {
    return d == "express" || d == "fastify" || d == "koa" || d == "@nestjs/core" || d == "hono" || d == "@hapi/hapi";
  });
  if (start.command.empty() && !page.dir.empty() && !serves_itself)
    return serve_tree(work, work.path(page.dir), "what the build leaves", page.single_page);
  if (start.command.empty()) start = find_command(work, manager, package, f, facts.port.has_value());
  const std::string& command = start.command;
  if (command.empty() && f && f->name == "SvelteKit") {
    work.out.no_service = "SvelteKit without adapter-node or adapter-static makes nothing that can be started";
    return;
  }
  work.out.no_service = disqualified(work, package, f, facts);
  if (command.empty() && work.out.no_service.empty()) work.out.no_service = "no start script, framework or main file: a library";
  if (!work.out.no_service.empty()) return;
  put_in_image(work, manager, command, version);
  work.because("command", command, start.from, start.how);
  if (const std::uint16_t told = port_in_command(command); told != 0) work.listens(told, "the command", confidence::certain);
  apply(work, facts, f ? f->port : std::uint16_t{0}, usual_from);
  const bool told_by_variable = f && (f->name == "Nuxt" || f->name == "SvelteKit" || f->name == "Astro");
  if (told_by_variable && !work.out.ports.empty()) {
    work.out.runtime_env["PORT"] = std::to_string(work.out.ports.front());
    work.out.runtime_env["HOST"] = "0.0.0.0";
  }
}

void analyse(analysis& work) {
  const std::string_view manifest = name_of(work.self.manifest);
  if (manifest == "project.json") return analyse_nx_project(work);
  if (manifest == "package.json") return analyse_package(work);
  work.out.language = "JavaScript";
  work.out.no_service = "the root of a Rush repository";
}

std::string refuses(repository& files, std::string_view manifest) {
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

std::string name_in(repository& files, std::string_view manifest) { return package_json(files, manifest)["name"].text; }

std::vector<std::string> needed(repository& files, std::string_view manifest) {
  const std::set<std::string> names = node_dependencies(package_json(files, manifest), true);
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
  apply(work, look_at_node_sources(work, work.sources({".js", ".mjs"})), 0, "");
}

}  // namespace

const build_system node_system{.name = "npm",
                               .manifests = {"package.json", "rush.json", "project.json"},
                               .refuses = refuses,
                               .members = node_members,
                               .package_name = name_in,
                               .dependencies = needed,
                               .analyse = analyse};

const build_system node_file_system{
    .name = "a JavaScript file", .manifests = {"server.js", "app.js", "index.js", "main.js"}, .weak = true, .analyse = analyse_file};

}  // namespace peelbox::detect
