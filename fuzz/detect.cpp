// A repository of one or two files, whose names the first byte chooses: no crash, and the result is a spec that
// `peelbox build` accepts.
#include "engine/detect/detect.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/detect/write.hpp"
#include "engine/spec/load.hpp"
#include "engine/spec/validate.hpp"
#include "tests/support/memory_repository.hpp"
#include "fuzz/require.hpp"

using namespace peelbox;

namespace {

constexpr std::array<const char*, 64> names{
    "Cargo.toml",     "go.mod",       "pom.xml",       "build.gradle",   "build.gradle.kts",   "settings.gradle", "a.csproj",    "mix.exs",
    "Gemfile",        "composer.json", "pyproject.toml", "Pipfile",       "requirements.txt",   "setup.py",        "setup.cfg",   "deno.jsonc",
    "package.json",   "CMakeLists.txt", "meson.build",  "Makefile",       "Procfile",           "Dockerfile",      "compose.yaml", "Staticfile",
    "peelbox.json",   "peelbox.toml", "main.py",       "pnpm-workspace.yaml", ".tool-versions", "mise.toml",      "go.work",     "rush.json",
    "deps.edn",       "project.clj",  "build.sbt",     "gleam.toml",     "build.zig",          "Package.swift",   "pubspec.yaml", "a.cabal",
    "package.yaml",   "MODULE.bazel", "project.json",  "angular.json",   "turbo.json",         "lerna.json",      "nx.json",     "start.sh",
    "index.html",     "cpanfile",     "app.psgi",      "runtime.txt",    ".nvmrc",             "uv.lock",         "global.json", "Directory.Build.props",
    "Properties/launchSettings.json", "a.sln",         "a.slnx",         "rust-toolchain.toml", "Cargo.lock",     ".sdkmanrc",
    "gradle/wrapper/gradle-wrapper.properties", "src/main/resources/application.yml"};
/// Manifests without which some of the files are not read.
constexpr std::size_t first_of_dotnet = 54;
constexpr std::size_t first_of_rust = 59;
constexpr std::size_t first_of_java = 61;
static_assert(std::string_view(names[first_of_dotnet]) == "global.json");
static_assert(std::string_view(names[first_of_rust]) == "rust-toolchain.toml");
static_assert(std::string_view(names[first_of_java]) == ".sdkmanrc");
/// Text with which the manifests above are accepted further.
constexpr std::array<const char*, 9> present{"main.c", "main.go", "src/main.rs", "src/Main.java", "app.rb",
                                             "artisan", "public/index.php", "main.ts", "index.js"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string name = names[data[0] % names.size()];
  std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto tree = std::make_shared<detect::memory_tree>();
  for (const char* path : present) tree->files[path] = "package main\nstatic void main(String[] a) { listen(80); }\n";
  tree->files[name] = text;
  const std::size_t index = data[0] % names.size();
  if (index >= first_of_java) {
    tree->files["build.gradle"] = "plugins { id 'org.springframework.boot' }\napplication { mainClass = 'Main' }\n";
  } else if (index >= first_of_rust) {
    tree->files["Cargo.toml"] = "[package]\nname = \"a\"\n";
  } else if (index >= first_of_dotnet) {
    tree->files["b/b.csproj"] = tree->files["a.csproj"] = "<Project Sdk=\"Microsoft.NET.Sdk.Web\"></Project>";
  } else if (index >= 20) {
    // Some files count only beside a manifest.
    tree->files.emplace("package.json", "{\"scripts\":{\"start\":\"node index.js\"}}");
  }
  detect::repository files = detect::repository_of(tree);
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
