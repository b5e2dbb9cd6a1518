// A repository of one or two files whose names the first byte picks: no crash, and whatever comes out is a spec that
// `peelbox build` accepts.
#include "engine/detect/detect.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "engine/detect/write.hpp"
#include "engine/spec/load.hpp"
#include "engine/spec/validate.hpp"

using namespace peelbox;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

class memory_file : public filesync::open_file {
 public:
  explicit memory_file(const std::string& text) : text_(text) {}
  result<filesync::file_identity> identify() override {
    filesync::file_identity out;
    out.size = static_cast<std::int64_t>(text_.size());
    return out;
  }
  result<std::size_t> read(std::uint64_t offset, std::byte* target, std::size_t size) override {
    if (offset >= text_.size()) return std::size_t{0};
    const std::size_t count = std::min(size, text_.size() - static_cast<std::size_t>(offset));
    std::memcpy(target, text_.data() + offset, count);
    return count;
  }

 private:
  const std::string& text_;
};

class memory_tree : public filesync::file_tree {
 public:
  std::map<std::string, std::string, std::less<>> files;
  result<std::unique_ptr<filesync::open_directory>> directory(std::string_view) const override {
    return failure(errc::not_found, "no directories");
  }
  result<std::unique_ptr<filesync::open_file>> file(std::string_view path) const override {
    const auto at = files.find(path);
    if (at == files.end()) return failure(errc::not_found, "none");
    return std::unique_ptr<filesync::open_file>(std::make_unique<memory_file>(at->second));
  }
};

constexpr std::array<const char*, 32> names{
    "Cargo.toml",     "go.mod",       "pom.xml",       "build.gradle",   "build.gradle.kts",   "settings.gradle", "a.csproj",    "mix.exs",
    "Gemfile",        "composer.json", "pyproject.toml", "Pipfile",       "requirements.txt",   "setup.py",        "setup.cfg",   "deno.jsonc",
    "package.json",   "CMakeLists.txt", "meson.build",  "Makefile",       "Procfile",           "Dockerfile",      "compose.yaml", "Staticfile",
    "peelbox.json",   "peelbox.toml", "main.py",       "pnpm-workspace.yaml", ".tool-versions", "mise.toml",      "go.work",     "rush.json"};
/// What lets the manifests above get far.
constexpr std::array<const char*, 9> present{"main.c", "main.go", "src/main.rs", "src/Main.java", "app.rb",
                                             "artisan", "public/index.php", "main.ts", "index.js"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string name = names[data[0] % names.size()];
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto tree = std::make_shared<memory_tree>();
  for (const char* path : present) tree->files[path] = "package main\nstatic void main(String[] a) { listen(80); }\n";
  tree->files[name] = text;
  // The weaker files need a manifest beside them.
  if (data[0] % names.size() >= 20) tree->files.emplace("package.json", "{\"scripts\":{\"start\":\"node index.js\"}}");
  std::map<std::string, detect::directory> dirs;
  for (const auto& [path, content] : tree->files) {
    const std::size_t slash = path.rfind('/');
    const std::string dir = slash == std::string::npos ? "" : path.substr(0, slash);
    dirs[dir].path = dir;
    dirs[dir].files.push_back(path.substr(slash == std::string::npos ? 0 : slash + 1));
    if (!dir.empty()) dirs[""].directories.push_back(dir);
  }
  std::vector<detect::directory> list;
  for (auto& [path, dir] : dirs) list.push_back(std::move(dir));
  detect::repository files(tree, std::move(list));
  for (const detect::distro target : {detect::distro::wolfi, detect::distro::debian}) {
    detect::options how;
    how.target = target;
    const auto found = detect::detect(files, how);
    if (found.has_error()) {
      require(name.starts_with("peelbox."));
      return 0;
    }
    const std::string json = detect::services_json(*found);
    require(!detect::explain(*found).empty());
    if (found->services.empty()) continue;
    const auto loaded = spec::load(json, "spec.json");
    require(loaded.has_value());
    require(spec::check(*loaded).has_value());
    require(detect::services_json(*found) == json);
  }
  return 0;
}
