// Projects of an Nx repository that have a project.json and no package.json of their own.
#include <fmt/format.h>

#include <array>

#include "engine/detect/frameworks.hpp"
#include "engine/detect/named_tasks.hpp"
#include "engine/detect/systems/node_workspace.hpp"
#include "engine/detect/systems/static_files.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

/// What an executor leaves behind.
enum class product { program, site, next, unknown };

product product_of(std::string_view executor) {
  constexpr std::array<std::pair<std::string_view, product>, 16> known{{
      {"@nx/next:", product::next},       {"@nrwl/next:", product::next},      {"@nx/webpack:", product::program},
      {"@nrwl/webpack:", product::program}, {"@nx/node:", product::program},     {"@nrwl/node:", product::program},
      {"@nx/esbuild:", product::program}, {"@nrwl/esbuild:", product::program}, {"@nx/js:", product::program},
      {"@nrwl/js:", product::program},    {"@nx/vite:", product::site},        {"@nrwl/vite:", product::site},
      {"@nx/angular:", product::site},    {"@angular-devkit/build-angular:", product::site}, {"@nx/web:", product::site},
      {"@nrwl/web:", product::site}}};
  for (const auto& [prefix, made] : known)
    if (executor.starts_with(prefix)) return made;
  return product::unknown;
}

/// webpack makes sites as well as programs; `target: node` is what tells them apart.
product refined(product made, const value& options) {
  const std::string& target = options["target"].text;
  return made == product::program && (target == "web" || options.has("index") || options.has("indexHtml")) ? product::site : made;
}

}  // namespace

namespace {

/// What Nx's plugins make of a project whose build target has no executor.
product inferred(const analysis& work) {
  if (!work.first_of({"next.config.js", "next.config.mjs", "next.config.ts"}).empty()) return product::next;
  if (!work.first_of({"webpack.config.js", "webpack.config.ts", "rspack.config.js"}).empty()) return work.has("src/index.html") ? product::site : product::program;
  if (!work.first_of({"vite.config.ts", "vite.config.js", "vite.config.mts"}).empty()) return work.has("index.html") ? product::site : product::program;
  return product::unknown;
}

/// The root has the dependencies of all projects; those of this one are named by its sources.
std::set<std::string> used_in(analysis& work, const std::set<std::string>& names) {
  std::set<std::string> out;
  const std::vector<std::string> sources = work.sources({".js", ".ts", ".mjs"});
  for (const std::string& name : names) {
    if (!find_framework(ecosystem::node, {name})) continue;
    for (const std::string& path : sources)
      if (const std::string* text = work.files.read_source(path); text && (contains(*text, "'" + name + "'") || contains(*text, "\"" + name + "\""))) out.insert(name);
  }
  return out;
}

/// "{workspaceRoot}/dist/apps/api" -> "dist/apps/api", relative to the workspace.
std::string first_output(const value& build, std::string_view project_dir) {
  for (std::string path : build["outputs"].texts()) {
    for (const auto& [variable, text] : {std::pair<std::string_view, std::string_view>("{workspaceRoot}/", ""), std::pair<std::string_view, std::string_view>("{projectRoot}", project_dir)})
      if (const std::size_t at = path.find(variable); at != std::string::npos) path.replace(at, variable.size(), text);
    if (!contains(path, "{") && !path.starts_with('!')) return path;
  }
  return {};
}

/// "build", or the one that CI or the README calls for the project.
std::string build_target(analysis& work, const value& targets) {
  if (targets.has("build")) return "build";
  for (const named_task& named : named_builds(work)) {
    if (named.runner != "nx" || named.project != work.out.name || !targets.has(named.name)) continue;
    work.because("target", named.name, named.from, named.how);
    return named.name;
  }
  return "build";
}

}  // namespace

void analyse_nx_project(analysis& work) {
  work.out.build_system = "Nx";
  work.out.language = work.sources({".ts", ".tsx"}).empty() ? "JavaScript" : "TypeScript";
  const value& project = package_json(work.files, work.self.manifest);
  const std::string root = work.self.root;
  const value& package = package_json(work.files, join(root, "package.json"));
  if (!project["name"].text.empty()) work.out.name = project["name"].text;
  if (project["projectType"].text != "application") {
    work.out.no_service = "its projectType is not application: a library";
    return;
  }
  const value& targets = project["targets"].members.empty() ? project["architect"] : project["targets"];
  const std::string target = build_target(work, targets);
  const value& build = targets[target];
  const std::string& executor = build["executor"].text.empty() ? build["builder"].text : build["executor"].text;
  const value& options = build["options"];
  const product made = executor.empty() ? inferred(work) : refined(product_of(executor), options);
  if (made == product::unknown) {
    work.out.no_service = executor.empty() ? "it has no build target" : "what " + executor + " makes is not known";
    return;
  }
  const value& path = options["outputPath"];
  std::string output = path.is(value::kind::object) ? path["base"].text : path.text;
  while (output.starts_with("./")) output.erase(0, 2);
  const std::string below = work.self.dir.substr(root.empty() ? 0 : root.size() + 1);
  if (output.empty()) output = first_output(build, below);
  if (output.empty() || contains(output, "{")) output = join("dist", below);
  const node_manager manager = find_node_manager(work, package);
  work.needs("node", node_version(work, {}, package));
  install_node_dependencies(work, manager, package);
  work.out.build_env["NX_DAEMON"] = "false";
  work.out.cache.push_back(join(root, ".nx/cache"));
  work.run_at_root(fmt::format("npx nx run {}:{}{}", shell_word(work.out.name), shell_word(target), build["configurations"].has("production") ? ":production" : ""));
  work.because("build", executor.empty() ? "inferred by Nx" : executor, work.self.manifest);
  if (made == product::site) {
    const bool browser = contains(executor, ":application") && contains(executor, "ngular");
    serve_tree(work, join(root, join(output, browser ? "browser" : "")), "what the build leaves", true);
    return;
  }
  const std::set<std::string> needs = used_in(work, node_dependencies(package, false));
  const framework* f = made == product::next ? use_framework(work, ecosystem::node, {"next"}) : use_framework(work, ecosystem::node, needs, join(root, "package.json"));
  const std::string usual_from = f ? fmt::format("{}'s usual port", f->name) : "";
  work.needs_at_runtime("node", node_version(work, {}, package));
  work.out.copy.push_back({root.empty() ? "." : root + "/", "/app/"});
  work.out.runtime_env["NODE_ENV"] = "production";
  work.out.runtime_env["PATH"] = "/app/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  if (made == product::next) {
    const std::string_view port = told_port(work, f->port, usual_from);
    work.starts(rank::configured, {"next", "start", executor.empty() ? below : output, "-H", "0.0.0.0", "-p", std::string(port)}, executor.empty() ? work.self.manifest : executor);
    return;
  }
  std::string main(name_of(options["main"].text));
  main = main.empty() ? "main.js" : main.substr(0, main.rfind('.')) + ".js";
  work.starts(rank::convention, {"node", join(output, options["outputFileName"].text.empty() ? main : options["outputFileName"].text)}, work.self.manifest);
  apply(work, look_at_node_sources(work, work.sources({".js", ".ts", ".mjs"})), f ? f->port : std::uint16_t{0}, usual_from);
}

}  // namespace peelbox::detect
