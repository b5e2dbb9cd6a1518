// Cargo packages and workspaces.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/detect/copy_plan.hpp"
#include "engine/detect/frameworks.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/native_libraries.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/value.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

value manifest_tree(repository& files, std::string_view path) {
  const std::string* text = files.read(path);
  if (!text) return {};
  auto tree = parse_toml(*text);
  if (tree.has_value()) return *tree;
  files.add_note(path, tree.error().text);
  return {};
}

std::string rust_version(analysis& work) {
  for (const char* file : {"rust-toolchain.toml", "rust-toolchain"}) {
    const std::string path = work.first_upwards({file});
    const std::string* text = path.empty() ? nullptr : work.files.read(path);
    if (!text) continue;
    for (const std::string_view line : lines_of(*text))
      if (line.starts_with("channel") || !contains(*text, "["))
        return take_version(work, "rust", line, path, confidence::certain);
  }
  if (const std::string found = version_of_tool_files(work, "rust"); !found.empty()) return found;
  // rust-version is the least that will do, and any newer one does: nothing to choose by.
  return {};
}

bool has_features_off(const value& tree, const value& bin) {
  const std::vector<std::string> on = tree["features"]["default"].texts();
  const std::vector<std::string> wanted = bin["required-features"].texts();
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& w) { return std::find(on.begin(), on.end(), w) == on.end(); });
}

/// Names of the programs that the package makes.
std::vector<std::string> programs(analysis& work, const value& tree, const std::string& name) {
  std::vector<std::string> out;
  std::set<std::string> main_files;
  // What is built only with features that are not on is for somebody's hand.
  for (const value& bin : tree["bin"].items) {
    main_files.insert(bin["path"].text);
    if (!bin["name"].text.empty() && !has_features_off(tree, bin)) out.push_back(bin["name"].text);
  }
  if (out.empty() && work.has("src/main.rs") && !main_files.contains("src/main.rs")) out.push_back(name);
  if (const directory* dir = work.files.find(work.path("src/bin"))) {
    for (const std::string_view file : dir->files)
      if (file.ends_with(".rs") && tree["bin"].items.empty()) out.emplace_back(file.substr(0, file.size() - 3));
    for (const std::string_view inner : dir->directories)
      if (work.has(fmt::format("src/bin/{}/main.rs", inner)) && tree["bin"].items.empty()) out.emplace_back(inner);
  }
  return out;
}

/// Features that the Dockerfile builds the package with: " --features a,b". Those that the package does not have are of another.
std::string features_of_dockerfile(analysis& work, const value& tree) {
  std::string out;
  for (const docker_call& call : calls_in_dockerfile(work, "cargo")) {
    if (call.words.empty() || call.words.front() != "build") continue;
    std::string found;
    for (std::size_t i = 1; i < call.words.size(); ++i) {
      std::string_view list = call.words[i];
      if (list == "--no-default-features") out = " --no-default-features";
      if ((list == "--features" || list == "-F") && i + 1 < call.words.size()) list = call.words[++i];
      else if (list.starts_with("--features=")) list.remove_prefix(11);
      else continue;
      for (const std::string_view name : split(list, ',')) {
        std::string feature(name);
        std::erase(feature, '"');
        const std::string dependency = feature.substr(0, feature.find('/'));
        if (feature == "default") continue;
        if (tree["features"].has(feature) || tree["dependencies"].has(dependency)) found += (found.empty() ? "" : ",") + feature;
      }
    }
    if (found.empty()) continue;
    work.because("features", found, work.hint.runs_from, work.hint.runs_how);
    return fmt::format("{} --features {}", out, shell_word(found));
  }
  return {};
}

void analyse_cargo(analysis& work) {
  const value tree = manifest_tree(work.files, work.self.manifest);
  work.out.language = "Rust";
  const std::string& name = tree["package"]["name"].text;
  if (name.empty()) {
    work.out.no_service = "a workspace without a package of its own";
    return;
  }
  work.out.name = name;
  if (tree["dependencies"].has("tauri")) {
    work.out.no_service = "Tauri: an application for desktops";
    return;
  }
  const std::vector<std::string> found = programs(work, tree, name);
  if (found.empty()) {
    work.out.no_service = "no program: a library";
    return;
  }
  const std::string& wanted = tree["package"]["default-run"].text;
  const auto by_name = [&](const std::string& n) { return std::find(found.begin(), found.end(), n) != found.end(); };
  const std::string program = by_name(wanted) ? wanted : by_name(name) ? name : found.front();
  work.because("program", program, fmt::format("{}, one of {}", work.self.manifest, found.size()),
               found.size() == 1 ? confidence::certain : confidence::likely);

  work.needs("rust", rust_version(work));
  work.needs("c-build");
  work.needs_at_runtime("rust-runtime");
  work.needs_at_runtime("ca-certificates");
  const std::string lock = join(work.self.root, "Cargo.lock");
  const bool several = work.self.is_member || !work.self.members.empty();
  work.run_at_root(fmt::format("cargo build --release{}{} --bin {}{}", work.files.has_file(lock) ? " --locked" : "",
                               several ? " --package " + shell_word(name) : "", shell_word(program), features_of_dockerfile(work, tree)));
  const std::string target = join(work.self.root, "target");
  work.out.cache = {target, "/root/.cargo/registry", "/root/.cargo/git"};
  const std::string installed = "/usr/local/bin/" + program;
  work.out.copy.push_back({fmt::format("{}/release/{}", target, program), installed});
  work.starts_program(installed, work.self.manifest);

  std::set<std::string> dependencies;
  for (const auto& [dependency, version] : tree["dependencies"].members) dependencies.insert(dependency);
  const framework* f = use_framework(work, ecosystem::rust, dependencies);
  if (const std::string* text = work.files.read(lock)) {
    add_native_libraries(work, *text, lock);
    if (contains(*text, "name = \"openssl-sys\"")) work.needs("pkgconf");
  } else if (dependencies.contains("openssl") || dependencies.contains("reqwest") || dependencies.contains("native-tls")) {
    work.needs("pkgconf");
    add_native_libraries(work, "openssl-sys", "what its dependencies link");
  }
  if (f && f->name == "Rocket") {
    work.out.runtime_env["ROCKET_ADDRESS"] = "0.0.0.0";
    work.out.port_env["ROCKET_PORT"] = port_mark;
  }
  const std::vector<std::string> sources = work.sources({".rs"});
  const bool needed_by_others = std::any_of(work.all.begin(), work.all.end(), [&](const candidate& c) {
    return c.dir != work.self.dir && std::find(c.needs.begin(), c.needs.end(), work.self.dir) != c.needs.end();
  });
  if (!f && needed_by_others && work.has("src/lib.rs") && work.out.port.empty() && work.hint.command.empty()) {
    work.out.no_service = "a library of other members, with a tool beside it";
    return;
  }
  copy_what_is_read(work, sources, {"ServeDir::new(", "ServeFile::new(", "read_to_string(", "File::open(", "fs::read(", "Tera::new(", "Files::new(", "NamedFile::open(", "FileServer::from(", "fs::dir(", "fs::file("});
  apply(work, look_at_sources(work, sources, {"0.0.0.0:", "127.0.0.1:", "[0, 0, 0, 0], ", "[127, 0, 0, 1], ", "\"0.0.0.0\", ", "localhost:", "#[default(", "default_value = ", "default_value_t = "}),
        f ? f->port : std::uint16_t{0}, f ? fmt::format("{}'s usual port", f->name) : "");
}

std::string refuses_cargo(repository& files, std::string_view manifest) {
  const value tree = manifest_tree(files, manifest);
  return tree.has("package") || tree.has("workspace") ? "" : "it has neither [package] nor [workspace]";
}

std::vector<std::string> members_cargo(repository& files, std::string_view manifest) {
  const value tree = manifest_tree(files, manifest);
  std::vector<std::string> out = tree["workspace"]["members"].texts();
  for (const std::string& excluded : tree["workspace"]["exclude"].texts()) out.push_back("!" + excluded);
  return out;
}

std::string name_in_cargo(repository& files, std::string_view manifest) {
  return manifest_tree(files, manifest)["package"]["name"].text;
}

std::vector<std::string> needed_cargo(repository& files, std::string_view manifest) {
  std::vector<std::string> out;
  const value tree = manifest_tree(files, manifest);
  for (const auto& [name, version] : tree["dependencies"].members) out.push_back(name);
  return out;
}

}  // namespace

const build_system cargo_system{.name = "Cargo",
                                .manifests = {"Cargo.toml"},
                                .refuses = refuses_cargo,
                                .members = members_cargo,
                                .package_name = name_in_cargo,
                                .dependencies = needed_cargo,
                                .analyse = analyse_cargo};

}  // namespace peelbox::detect
