// Go modules and single Go files.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "engine/detect/copy_plan.hpp"
#include "engine/detect/frameworks.hpp"
#include "engine/detect/hints.hpp"
#include "engine/detect/systems/table.hpp"
#include "engine/detect/task_files.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/versions.hpp"

namespace peelbox::detect {
namespace {

std::string module_line(std::string_view text) {
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    if (words.size() >= 2 && words[0] == "module") return quoted_after(words[1]).value_or(words[1]);
  }
  return {};
}

/// Paths of modules that go.mod requires.
std::vector<std::string> required(std::string_view text) {
  std::vector<std::string> out;
  bool block = false;
  for (const std::string_view raw : lines_of(text)) {
    const auto words = words_of(raw.substr(0, raw.find("//")));
    if (words.empty()) continue;
    if (words[0] == "require" && words.size() >= 2 && words[1] == "(") {
      block = true;
    } else if (words[0] == ")") {
      block = false;
    } else if (words[0] == "require" && words.size() >= 3) {
      out.push_back(words[1]);
    } else if (block) {
      out.push_back(words[0]);
    }
  }
  return out;
}

/// The directories that a go.work names.
std::vector<std::string> used(std::string_view text) {
  std::vector<std::string> out;
  bool block = false;
  for (const std::string_view raw : lines_of(text)) {
    const auto words = words_of(raw.substr(0, raw.find("//")));
    if (words.empty()) continue;
    if (words[0] == "use" && words.size() >= 2 && words[1] == "(") {
      block = true;
    } else if (words[0] == ")") {
      block = false;
    } else if (block || (words[0] == "use" && words.size() >= 2)) {
      const std::string& dir = block ? words[0] : words[1];
      out.push_back(quoted_after(dir).value_or(dir));
    }
  }
  return out;
}

/// Of the line "toolchain", else "go".
std::string version_line(std::string_view text) {
  std::string version;
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    if (words.size() >= 2 && (words[0] == "toolchain" || (words[0] == "go" && version.empty())))
      version = first_version(words[1]);
  }
  return version;
}

std::string go_version(analysis& work, std::string_view text) {
  if (const std::string found = version_of_tool_files(work, "go"); !found.empty()) return found;
  if (const std::string found = version_in_file(work, ".go-version", "go"); !found.empty()) return found;
  const std::string version = version_line(text);
  if (version.empty()) return version_of_image(work, "go", {"golang"});
  return take_version(work, "go", version, work.self.manifest, confidence::certain);
}

/// Without comments before it, "package main" may stand behind a licence.
bool is_main(std::string_view text) {
  for (const std::string_view line : lines_of(text)) {
    const auto words = words_of(line);
    if (words.size() >= 2 && words[0] == "package") return words[1] == "main";
  }
  return false;
}

/// Directories, relative to the module, with a program in them.
std::vector<std::string> programs(analysis& work, const std::vector<std::string>& files) {
  std::set<std::string> out;
  for (const std::string& path : files) {
    if (path.ends_with("_test.go")) continue;
    std::string_view dir = parent_of(path);
    const std::string* text = work.files.read_source(path);
    if (!text || !is_main(*text) || contains(text->substr(0, 400), "//go:build ignore")) continue;
    dir.remove_prefix(work.self.dir.empty() ? 0 : std::min(dir.size(), work.self.dir.size() + 1));
    out.emplace(dir);
  }
  return {out.begin(), out.end()};
}

std::string choose_program(const std::vector<std::string>& dirs, std::string_view name, std::string_view hinted) {
  for (const std::string& dir : dirs)
    if (dir.empty()) return dir;
  for (const std::string_view wanted : {hinted, name, std::string_view("server"), std::string_view("api"), std::string_view("web"), std::string_view("app")})
    for (const std::string& dir : dirs)
      if (name_of(dir) == wanted) return dir;
  return dirs.front();
}

/// The program that the Dockerfile builds: `go build -o /x ./cmd/x`; "" when it is none of them.
std::string built_by_dockerfile(analysis& work, const std::vector<std::string>& dirs) {
  for (const docker_call& call : calls_in_dockerfile(work, "go")) {
    if (call.words.size() < 2 || call.words.front() != "build") continue;
    std::string last = call.words.back();
    if (last.ends_with(".go")) last = parent_of(last);
    const auto path = resolve("", last);
    if (path && !path->empty() && std::find(dirs.begin(), dirs.end(), *path) != dirs.end()) return *path;
  }
  return {};
}

void finish(analysis& work, const std::vector<std::string>& files, const framework* f) {
  const bool cgo = std::any_of(files.begin(), files.end(), [&](const std::string& path) {
    const std::string* text = work.files.read_source(path);
    return text && (contains(*text, "\nimport \"C\"") || contains(*text, "\"github.com/mattn/go-sqlite3\""));
  });
  work.out.build_env["CGO_ENABLED"] = cgo ? "1" : "0";
  if (cgo) {
    work.needs("c-build");
    work.because("cgo", "on", "import \"C\"", confidence::certain);
  }
  work.out.cache = {"/root/.cache/go-build", "/root/go/pkg/mod"};
  work.needs_at_runtime("c-runtime");
  work.needs_at_runtime("ca-certificates");
  copy_what_is_read(work, files, {"ParseGlob(", "ParseFiles(", "LoadHTMLGlob(", "LoadHTMLFiles(", "http.Dir(", "os.ReadFile(", "os.ReadDir(", "os.Open(", "os.DirFS(", "ioutil.ReadFile(",
                                  ".Static(", ".StaticFile(", ".StaticFS(", "ServeFile(", ".File(", "html.New(", "filepath.Glob(", "SetConfigFile(", "AddConfigPath("});
  apply(work, look_at_sources(work, files, {"ListenAndServe(\":", "ListenAndServe(\"0.0.0.0:", ".Run(\":", ".Run(\"0.0.0.0:", ".Start(\":", ".Listen(\":", "net.Listen(\"tcp\", \":", "port = \"", "port := \"", "Addr: \":", "addr = \":", "Port: ", "(\"port\", ", "\"port\", \"p\", ", "\"PORT\", ", "default:\"", "envDefault:\""}),
        f ? f->port : std::uint16_t{0}, f ? fmt::format("{}'s usual port", f->name) : "");
}

/// A directory that a task or the Dockerfile fills with what a front end's build leaves.
bool take_moved(analysis& work, const std::string& wanted) {
  const auto moved = moved_to(work, wanted);
  if (!moved) return false;
  for (std::string_view dir = moved->from; !dir.empty(); dir = parent_of(dir)) {
    if (!work.files.has_file(join(dir, "package.json")) || dir == work.self.dir) continue;
    work.out.embeds.emplace_back(dir);
    work.out.commands.insert(work.out.commands.begin(), fmt::format("mkdir -p {0} && cp -R {1}/. {0}/", shell_word(wanted), shell_word(moved->from)));
    work.because("embedded", fmt::format("{} from {}", wanted, moved->from), moved->by, confidence::likely);
    return true;
  }
  return false;
}

/// Front ends whose results are parts of the program: the directory of `//go:embed dist` is made by another candidate,
/// or lies in the Git index only.
void find_embedded(analysis& work, const std::vector<std::string>& files) {
  constexpr std::string_view mark = "//go:embed ";
  for (const std::string& path : files) {
    const std::string* text = work.files.read_source(path);
    if (!text || !contains(*text, mark)) continue;
    for (const std::string_view raw : lines_of(*text)) {
      const std::string_view line = trim(raw);
      if (!line.starts_with(mark)) continue;
      for (std::string pattern : words_of(line.substr(mark.size()))) {
        std::erase_if(pattern, [](char c) { return c == '"' || c == '`'; });
        if (pattern.starts_with("all:")) pattern.erase(0, 4);
        pattern.resize(std::min(pattern.find_first_of("*?["), pattern.size()));
        while (pattern.ends_with('/')) pattern.pop_back();
        const std::string wanted = join(parent_of(path), pattern);
        if (pattern.empty() || work.files.has_file(wanted) || work.files.find(wanted)) continue;
        bool made = false;
        for (std::string_view dir = parent_of(wanted); dir.size() > work.self.dir.size(); dir = parent_of(dir)) {
          if (!work.files.has_file(join(dir, "package.json"))) continue;
          work.out.embeds.emplace_back(dir);
          work.because("embedded", wanted, path, confidence::likely);
          made = true;
          break;
        }
        if (!made && take_moved(work, wanted)) continue;
        // A folder for results of a build: what is in it may be a placeholder. A front end that builds into it is another candidate.
        if (!made) work.because("embedded", wanted + " has to be there before the build, unless another part is built into it", path, confidence::guess);
      }
    }
  }
}

void install(analysis& work, const std::string& name) {
  const std::string installed = "/usr/local/bin/" + name;
  work.out.copy.push_back({installed, installed});
  work.starts_program(installed, work.self.manifest);
}

/// The go.work above the module: whether it lists it decides how `go` builds there.
void use_workspace(analysis& work, std::string& version) {
  const std::string path = work.first_upwards({"go.work"});
  const std::string* text = path.empty() ? nullptr : work.files.read(path);
  if (!text) return;
  const std::vector<std::string> dirs = used(*text);
  const bool listed = std::any_of(dirs.begin(), dirs.end(), [&](const std::string& dir) { return resolve(parent_of(path), dir) == work.self.dir; });
  if (!listed) {
    work.out.build_env["GOWORK"] = "off";
    work.because("workspace", "off", path + " does not list the module");
    return;
  }
  work.because("workspace", path, "use");
  // The workspace's version holds for all of its modules.
  const std::string newer = version_line(*text);
  if (!newer.empty() && version_less(version, newer)) version = take_version(work, "go", newer, path, confidence::certain);
}

void analyse_go(analysis& work) {
  work.out.language = "Go";
  if (work.self.manifest.ends_with("go.work")) {
    work.out.no_service = "a workspace; its modules are services of their own";
    return;
  }
  const std::string* text = work.files.read(work.self.manifest);
  const std::string module = text ? module_line(*text) : "";
  if (!module.empty()) {
    std::string_view last = name_of(module);
    // "example.org/tool/v2" is called tool.
    if (last.size() > 1 && last.front() == 'v' && std::all_of(last.begin() + 1, last.end(), is_digit)) last = name_of(parent_of(module));
    work.out.name = last;
  }
  std::string version = go_version(work, text ? *text : "");
  use_workspace(work, version);
  work.needs("go", version);
  std::set<std::string> dependencies;
  for (const std::string& path : required(text ? *text : "")) dependencies.insert(path);
  const framework* f = use_framework(work, ecosystem::go, dependencies);
  const std::vector<std::string> files = work.sources_without("go.mod", {".go"});
  const std::vector<std::string> found = programs(work, files);
  if (found.empty()) {
    work.out.no_service = "no package main: a library";
    return;
  }
  std::string dir = built_by_dockerfile(work, found);
  if (!dir.empty() && found.size() > 1) {
    work.because("program", dir, work.hint.runs_from, work.hint.runs_how);
  } else {
    dir = choose_program(found, work.out.name, work.hint.command.empty() ? "" : name_of(work.hint.command.front()));
    work.because("program", dir.empty() ? "." : dir, fmt::format("package main, one of {}", found.size()),
                 found.size() == 1 ? confidence::certain : confidence::guess);
  }
  if (!work.files.has_directory(work.path("vendor")) && work.has("go.sum")) work.run("go mod download");
  const std::string name = dir.empty() ? work.out.name : std::string(name_of(dir));
  work.run(fmt::format("go build -trimpath -o /usr/local/bin/{} ./{}", shell_word(name), shell_word(dir.empty() ? "." : dir)));
  if (work.out.commands.back().ends_with("./.")) work.out.commands.back().resize(work.out.commands.back().size() - 2);
  install(work, name);
  find_embedded(work, files);
  finish(work, files, f);
}

std::string refuses_go(repository& files, std::string_view manifest) {
  const std::string* text = files.read(manifest);
  if (text && manifest.ends_with("go.work")) return "";
  return text && !module_line(*text).empty() ? "" : "no module line in it";
}

std::vector<std::string> members_go(repository& files, std::string_view manifest) {
  const std::string* text = files.read(join(parent_of(manifest), "go.work"));
  return text ? used(*text) : std::vector<std::string>();
}

std::string name_in_go(repository& files, std::string_view manifest) {
  const std::string* text = files.read(manifest);
  return text ? module_line(*text) : "";
}

std::vector<std::string> needed_go(repository& files, std::string_view manifest) {
  const std::string* text = files.read(manifest);
  return text ? required(*text) : std::vector<std::string>();
}

void analyse_go_file(analysis& work) {
  work.out.language = "Go";
  work.out.build_system = "none";
  work.needs("go", version_of_tool_files(work, "go"));
  std::string sources;
  if (const directory* dir = work.files.find(work.self.dir))
    for (const std::string_view name : dir->files)
      if (name.ends_with(".go") && !name.ends_with("_test.go")) sources += " " + shell_word(name);
  work.run(fmt::format("go build -o /usr/local/bin/{}{}", shell_word(work.out.name), sources));
  install(work, work.out.name);
  finish(work, {work.self.manifest}, nullptr);
}

}  // namespace

const build_system go_system{.name = "go mod",
                             .manifests = {"go.mod", "go.work"},
                             .refuses = refuses_go,
                             .members = members_go,
                             .package_name = name_in_go,
                             .dependencies = needed_go,
                             .analyse = analyse_go};
const build_system go_file_system{.name = "a Go file", .manifests = {"main.go"}, .weak = true, .analyse = analyse_go_file};

}  // namespace peelbox::detect
