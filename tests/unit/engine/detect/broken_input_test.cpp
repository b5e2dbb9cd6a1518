// Every file that detection parses, broken in every way of the table, beside a service that is right.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "engine/detect/write.hpp"
#include "engine/spec/load.hpp"
#include "tests/unit/engine/detect/detect_directory.hpp"

namespace peelbox::detect {
namespace {

namespace fs = std::filesystem;

/// A directory of this test's own.
class Broken : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "peelbox-broken-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    write("good/go.mod", "module example.org/good\n\ngo 1.22\n");
    write("good/main.go", "package main\n\nfunc main() {}\n");
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path, std::ios::binary) << text;
  }
  /// Nothing ends, the good neighbour is as always, and what comes out can be built.
  detection look(const std::string& what) {
    auto found = detect_directory(root_.string());
    EXPECT_TRUE(found.has_value()) << what << ": " << found.error().text;
    if (found.has_error()) return {};
    const auto good = std::find_if(found->services.begin(), found->services.end(), [](const auto& s) { return s.dir == "good"; });
    EXPECT_NE(good, found->services.end()) << what;
    const std::vector<std::string> expected{"cd good && go build -trimpath -o /usr/local/bin/good ."};
    if (good != found->services.end()) {
      EXPECT_EQ(good->spec.build.commands, expected) << what;
    }
    EXPECT_TRUE(spec::load(services_json(*found), "spec.json").has_value()) << what;
    return std::move(*found);
  }
  fs::path root_;
};

struct row {
  const char* name;
  const char* text;     ///< a right one
  bool notes = true;    ///< cut in the middle of its syntax it is told; read as text, nothing can be wrong
};

const std::vector<row> files{
    {"package.json", "{\"name\": \"a\", \"scripts\": {\"start\": \"node x.js\"}}"},
    {"Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nserde = { version = \"1\" }\n"},
    {"pom.xml", "<project><artifactId>a</artifactId></project>"},
    {"pyproject.toml", "[project]\nname = \"a\"\ndependencies = [\"flask\"]\n"},
    {"composer.json", "{\"name\": \"a/b\", \"require\": {\"php\": \"8\"}}"},
    {"deno.json", "{\"tasks\": {\"start\": \"deno run a.ts\"}}"},
    {"a.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType></PropertyGroup></Project>"},
    {"a.slnx", "<Solution><Project Path=\"b/b.csproj\"/></Solution>"},
    {"rush.json", "{\"projects\": [{\"projectFolder\": \"x\"}]}"},
    {"pubspec.yaml", "name: a\ndependencies:\n  b: [1, 2]\n"},
    {"gleam.toml", "name = \"a\"\n[dependencies]\nx = [1, 2]\n"},
    {"go.mod", "module a\n\ngo 1.22\n\nrequire (\n\tb v1\n)\n", false},
    {"go.work", "go 1.22\n\nuse (\n\t./a\n)\n", false},
    {"mix.exs", "defmodule A do\n  def project, do: [app: :a, elixir: \"~> 1.15\"]\nend\n", false},
    {"build.gradle", "plugins { id 'application' }\napplication { mainClass = 'a.B' }\n", false},
    {"settings.gradle", "rootProject.name = 'x'\ninclude 'a', 'b'\n", false},
    {"build.gradle.kts", "plugins { application }\napplication { mainClass.set(\"a.B\") }\n", false},
    {"requirements.txt", "flask>=2\n-r more.txt\n", false},
    {"Gemfile", "source 'x'\ngem 'rails'\nruby '3.2'\n", false},
    {"setup.py", "setup(install_requires=['a', 'b'])\n", false},
    {"setup.cfg", "[options]\ninstall_requires =\n  a\n", false},
    {"Makefile", "all: a\na: a.c\n\tcc -o a a.c\n", false},
    {"CMakeLists.txt", "project(a)\nadd_executable(a a.c)\n", false},
    {"meson.build", "project('a', 'c')\nexecutable('a', 'a.c')\n", false},
    {"build.sbt", "name := \"a\"\n", false},
    {"project.clj", "(defproject a \"1\" :main a.b)\n", false},
    {"deps.edn", "{:paths [\"src\"]}\n", false},
    {"Package.swift", "let package = Package(targets: [.executableTarget(name: \"a\")])\n", false},
    {"build.zig", "b.addExecutable(.{ .name = \"a\" });\n", false},
    {"a.cabal", "name: a\nexecutable a\n  main-is: A.hs\n", false},
    {"MODULE.bazel", "module(name = \"a\")\n", false},
    {"a.sln", "Project(\"{1}\") = \"a\", \"a\\a.csproj\", \"{2}\"\n", false},
    {"cpanfile", "requires 'Plack';\n", false},
    {"Procfile", "web: a --port 80\n", false},
    {"Dockerfile", "FROM a\nCMD [\"node\", \"a\"]\nHEALTHCHECK CMD curl http://localhost/\n", false},
    {".tool-versions", "nodejs 20\n", false},
    {".nvmrc", "v20\n", false},
    {"rust-toolchain.toml", "[toolchain]\nchannel = \"1.80\"\n", false},
};

/// Ways to break a text.
std::vector<std::pair<std::string, std::string>> broken(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> out{
      {"empty", ""},          {"blank", " \n\t\n"},
      {"NUL", std::string(64, '\0')}, {"not UTF-8", "\xff\xfe" + text},
      {"brackets", std::string(100000, '[')}, {"braces", std::string(50000, '{')}, {"parentheses", std::string(50000, '(')},
      {"tags", [] { std::string t; for (int i = 0; i < 20000; ++i) t += "<a>"; return t; }()},
      {"quotes", std::string(5001, '"')}, {"one line", std::string(50000, 'a')},
      {"too large", text + std::string(max_file_bytes, ' ')},
      {"twice", text + text}, {"CR", "\r" + text + "\r"}, {"a byte order mark", "\xef\xbb\xbf" + text}};
  for (std::size_t cut = 1; cut < text.size(); cut += 1 + text.size() / 12) out.emplace_back("cut", text.substr(0, cut));
  std::mt19937 random(static_cast<unsigned>(text.size()));
  for (int i = 0; i < 12; ++i) {
    std::string changed = text;
    for (int k = 0; k < 3; ++k) changed[random() % changed.size()] = static_cast<char>(random() % 128);
    out.emplace_back("changed", changed);
  }
  return out;
}

TEST_F(Broken, ManifestsHurtNobodyElse) {
  for (const row& r : files) {
    for (const char* beside : {"bad/main.c", "bad/src/main.rs", "bad/index.js"}) write(beside, "int main() {}\n");
    for (const auto& [how, text] : broken(r.text)) {
      write(std::string("bad/") + r.name, text);
      look(fmt::format("{} {}", r.name, how));
    }
    fs::remove_all(root_ / "bad");
  }
}

TEST_F(Broken, ANoteNamesTheFile) {
  for (const row& r : files) {
    if (!r.notes) continue;
    const std::string path = std::string("bad/") + r.name;
    const std::string text = r.text;
    // In the middle of a string or a bracket that is not closed.
    write(path, text.substr(0, text.find_first_of("[{<\"") + 1));
    const detection found = look(r.name);
    EXPECT_TRUE(std::any_of(found.notes.begin(), found.notes.end(), [&](const note& n) { return n.path == path; })) << r.name << "\n" << explain(found);
    for (const found_service& s : found.services) EXPECT_EQ(s.dir, "good") << r.name;
    fs::remove_all(root_ / "bad");
  }
}

TEST_F(Broken, FilesBesideManifestsToo) {
  const std::vector<std::pair<const char*, const char*>> side{
      {"pnpm-workspace.yaml", "packages: [a"}, {"lerna.json", "{"}, {"turbo.json", "{"}, {"nx.json", "{"}, {"angular.json", "{\"projects\":"},
      {"compose.yaml", "services: [\n  a: &x *x"}, {".yarnrc.yml", "a: ["}, {"mise.toml", "[tools"}, {"global.json", "{"}, {"Pipfile", "[packages"},
      {"Staticfile", "root: ["}, {"package-lock.json", "{"}, {"Procfile", ":::"}};
  for (const auto& [name, text] : side) {
    write("bad/package.json", "{\"name\": \"bad\", \"packageManager\": \"yarn@4.0.0\", \"scripts\": {\"start\": \"node x.js\", \"build\": \"b\"}, \"dependencies\": {\"@angular/core\": \"17\"}}");
    write(std::string("bad/") + name, text);
    EXPECT_EQ(look(name).services.size(), 2u) << name;
    fs::remove_all(root_ / "bad");
  }
}

TEST_F(Broken, ALargeManifestIsANote) {
  write("bad/package.json", "{\"name\": \"" + std::string(2 << 20, 'x') + "\"}");
  const detection found = look("large");
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_EQ(found.notes[0].path, "bad/package.json");
  EXPECT_THAT(found.notes[0].text, testing::HasSubstr("not read"));
}

}  // namespace
}  // namespace peelbox::detect
