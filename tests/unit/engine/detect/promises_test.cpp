// What docs/detect.md promises: its table names what the code knows, nothing depends on the surroundings, work is bound.
#include <gtest/gtest.h>

#include <algorithm>
#include <clocale>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "engine/detect/build_system.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/write.hpp"
#include "tests/support/memory_repository.hpp"
#include "tests/unit/engine/detect/detect_directory.hpp"

namespace peelbox::detect {
namespace {

namespace fs = std::filesystem;

TEST(Documentation, TheTableNamesEveryManifest) {
  std::ostringstream text;
  text << std::ifstream(PEELBOX_DETECT_DOCS).rdbuf();
  const std::string page = text.str();
  const std::size_t begin = page.find("## What is covered");
  ASSERT_NE(begin, std::string::npos);
  const std::string table = page.substr(begin, page.find("\n## ", begin + 4) - begin);
  for (const build_system* system : build_systems()) {
    // The first manifest stands for those of other spellings ("makefile"); further ones are forms of the same.
    const std::string manifest(system->manifests.front());
    const std::string also(system->manifests.back());
    EXPECT_TRUE(contains(table, "`" + manifest + "`") || contains(table, "`" + also + "`")) << system->name << ": " << manifest;
  }
}

TEST(Deterministic, LocaleAndOrderOfCreation) {
  const std::map<std::string, std::string> files{{"Z/main.py", "print(1)\n"}, {"a/main.py", "print(1)\n"}, {"\xc3\xa9/main.py", "print(1)\n"},
                                                 {"i/go.mod", "module example.org/I\n"}, {"i/main.go", "package main\n"},
                                                 {"package.json", "{\"workspaces\": [\"w/*\"]}"}, {"w/B/package.json", "{\"name\": \"b\", \"scripts\": {\"start\": \"node i.js\"}}"},
                                                 {"w/a/package.json", "{\"name\": \"a\", \"scripts\": {\"start\": \"node i.js\"}}"}};
  std::vector<std::string> order;
  for (const auto& [path, text] : files) order.push_back(path);
  std::vector<std::string> results;
  for (const char* locale : {"C", "C.UTF-8", "tr_TR.UTF-8", "de_DE.UTF-8"}) {
    std::setlocale(LC_ALL, locale);  // one that is not there changes nothing
    std::string name = fs::temp_directory_path() / "peelbox-order-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    for (const std::string& path : order) {
      fs::create_directories((fs::path(name) / path).parent_path());
      std::ofstream(fs::path(name) / path) << files.at(path);
    }
    const auto found = detect_directory(name, {}, static_cast<unsigned>(results.size()) + 1);
    ASSERT_TRUE(found.has_value());
    results.push_back(services_json(*found) + explain(*found));
    fs::remove_all(name);
    std::rotate(order.begin(), order.begin() + 3, order.end());
    std::reverse(order.begin(), order.end());
  }
  std::setlocale(LC_ALL, "C");
  for (const std::string& text : results) EXPECT_EQ(text, results.front());
  EXPECT_NE(results.front().find("\"a\""), std::string::npos);
}

TEST(Bounded, ThousandsOfProjectsAndEachFileIsReadOnce) {
  // Any step that compares each of them with all others would take minutes.
  constexpr int projects = 6000;
  auto tree = std::make_shared<memory_tree>();
  std::string members;
  std::string compose = "services:\n";
  const auto add = [&](const std::string& path, std::string text) { tree->files[path] = std::move(text); };
  for (int i = 0; i < projects; ++i) {
    const std::string dir = "g" + std::to_string(i / 100) + "/p" + std::to_string(i);
    members += (i == 0 ? "\"" : ", \"") + dir + "\"";
    if (i % 20 == 0) compose += "  s" + std::to_string(i) + ":\n    build: " + dir + "\n";
    add(dir + "/package.json", "{\"name\": \"p" + std::to_string(i) + "\", \"scripts\": {\"start\": \"node i.js\"}, \"dependencies\": {\"p" + std::to_string(i - i % 50) + "\": \"*\"}}");
    add(dir + "/i.js", "require('http').createServer().listen(80);\n");
  }
  add("package.json", "{\"workspaces\": [" + members + "]}");
  add("compose.yaml", compose);
  repository files = repository_of(tree);
  const auto found = detect(files, {});
  ASSERT_TRUE(found.has_value()) << found.error().text;
  EXPECT_EQ(found->services.size(), static_cast<std::size_t>(projects));
  for (const auto& [path, times] : tree->opened) EXPECT_EQ(times, 1) << path;
}

}  // namespace
}  // namespace peelbox::detect
