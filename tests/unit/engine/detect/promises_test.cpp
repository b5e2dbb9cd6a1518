// What docs/detect.md promises: its table names what the code knows, nothing depends on the surroundings, work is bound.
#include <gtest/gtest.h>

#include <algorithm>
#include <clocale>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "engine/detect/build_system.hpp"
#include "engine/detect/text.hpp"
#include "engine/detect/write.hpp"
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

/// Counts how often each file is opened.
class counting_tree : public filesync::file_tree {
 public:
  std::map<std::string, std::string, std::less<>> files;
  mutable std::map<std::string, int, std::less<>> opened;
  result<std::unique_ptr<filesync::open_directory>> directory(std::string_view) const override { return failure(errc::not_found, "none"); }
  result<std::unique_ptr<filesync::open_file>> file(std::string_view path) const override {
    const auto at = files.find(path);
    if (at == files.end()) return failure(errc::not_found, "none");
    ++opened[std::string(path)];
    return std::unique_ptr<filesync::open_file>(std::make_unique<memory_file>(at->second));
  }

 private:
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
};

TEST(Bounded, ThousandsOfProjectsAndEachFileIsReadOnce) {
  // Any step that compares each of them with all others would take minutes.
  constexpr int projects = 6000;
  auto tree = std::make_shared<counting_tree>();
  std::string members;
  std::string compose = "services:\n";
  std::map<std::string, directory> dirs;
  const auto add = [&](const std::string& path, std::string text) {
    tree->files[path] = std::move(text);
    for (std::string_view inner = path; !inner.empty();) {
      const std::string dir(parent_of(inner));
      dirs[dir].path = dir;
      auto& names = inner == path ? dirs[dir].files : dirs[dir].directories;
      if (std::find(names.rbegin(), names.rend(), name_of(inner)) == names.rend()) names.emplace_back(name_of(inner));
      inner = inner.substr(0, dir.size());
    }
  };
  for (int i = 0; i < projects; ++i) {
    const std::string dir = "g" + std::to_string(i / 100) + "/p" + std::to_string(i);
    members += (i == 0 ? "\"" : ", \"") + dir + "\"";
    if (i % 20 == 0) compose += "  s" + std::to_string(i) + ":\n    build: " + dir + "\n";
    add(dir + "/package.json", "{\"name\": \"p" + std::to_string(i) + "\", \"scripts\": {\"start\": \"node i.js\"}, \"dependencies\": {\"p" + std::to_string(i - i % 50) + "\": \"*\"}}");
    add(dir + "/i.js", "require('http').createServer().listen(80);\n");
  }
  add("package.json", "{\"workspaces\": [" + members + "]}");
  add("compose.yaml", compose);
  std::vector<directory> list;
  for (auto& [path, dir] : dirs) {
    std::sort(dir.files.begin(), dir.files.end());
    std::sort(dir.directories.begin(), dir.directories.end());
    list.push_back(std::move(dir));
  }
  repository files(tree, std::move(list));
  const auto found = detect(files, {});
  ASSERT_TRUE(found.has_value()) << found.error().text;
  EXPECT_EQ(found->services.size(), static_cast<std::size_t>(projects));
  for (const auto& [path, times] : tree->opened) EXPECT_EQ(times, 1) << path;
}

}  // namespace
}  // namespace peelbox::detect
