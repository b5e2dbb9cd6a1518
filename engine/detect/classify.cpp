#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "engine/detect/build_system.hpp"
#include "engine/detect/phases.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

constexpr std::array<std::string_view, 19> of_tests{
    "__fixtures__", "__mocks__", "__tests__", "benchmark", "benchmarks", "demo",     "demos", "e2e",  "example",
    "examples",     "fixture", "fuzz",   "fixtures",  "sample",    "samples",    "template", "test",  "testdata", "tests"};

/// The name in the path that says that this is not part of the product.
std::string_view test_directory(std::string_view dir) {
  for (const std::string_view part : split(dir, '/')) {
    const auto at = std::find(of_tests.begin(), of_tests.end(), part);
    if (at != of_tests.end() || part.ends_with("-examples") || part.ends_with("-example")) return part;
  }
  return {};
}

/// The file of the directory that the system takes for its manifest, or "".
std::string manifest_in(const directory& dir, const build_system& system) {
  for (const std::string_view pattern : system.manifests) {
    if (!contains(pattern, "*")) {
      if (std::binary_search(dir.files.begin(), dir.files.end(), pattern, std::less<>())) return std::string(pattern);
      continue;
    }
    for (const std::string& file : dir.files)
      if (name_matches(pattern, file)) return file;
  }
  return {};
}

std::optional<candidate> claim(repository& files, const directory& dir, std::vector<rejected>& lost) {
  std::optional<candidate> winner;
  for (const build_system* system : build_systems()) {
    const std::string file = manifest_in(dir, *system);
    if (file.empty()) continue;
    const std::string path = join(dir.path, file);
    if (winner) {
      if (winner->manifest != path && !system->weak)
        lost.push_back({path, fmt::format("{}: {} has the directory already", system->name, winner->system->name)});
      continue;
    }
    if (system->refuses) {
      if (std::string why = system->refuses(files, path); !why.empty()) {
        lost.push_back({path, fmt::format("not {}: {}", system->name, why)});
        continue;
      }
    }
    winner = candidate{};
    winner->dir = winner->root = dir.path;
    winner->manifest = path;
    winner->system = system;
  }
  return winner;
}

}  // namespace

std::vector<candidate> classify(repository& files, std::vector<rejected>& lost) {
  std::vector<candidate> all;
  for (const directory& dir : files.directories())
    if (auto found = claim(files, dir, lost)) all.push_back(std::move(*found));

  // The outermost directory above that `accept` likes; ascending by directory, so each is found by halving.
  const auto above = [&](const candidate& c, auto&& accept) {
    auto found = all.end();
    for (std::string_view dir = c.dir; !dir.empty();) {
      dir = parent_of(dir);
      const auto at = std::lower_bound(all.begin(), all.end(), dir, [](const candidate& o, std::string_view d) { return o.dir < d; });
      if (at != all.end() && at->dir == dir && accept(*at)) found = at;
    }
    return found;
  };
  const bool only_tests =
      std::all_of(all.begin(), all.end(), [](const candidate& c) { return !test_directory(c.dir).empty(); });
  std::vector<candidate> out;
  for (const candidate& c : all) {
    const auto lose = [&](std::string why) {
      // A script or page somewhere in a project is not worth a word.
      if (!c.system->weak) lost.push_back({c.manifest, std::move(why)});
    };
    if (const std::string_view name = test_directory(c.dir); !name.empty() && !only_tests) {
      lose(fmt::format("in a directory called {}", name));
      continue;
    }
    const auto outer = above(c, [&](const candidate& o) {
      return c.system->weak || (o.system->recursive && c.system->recursive);
    });
    if (outer != all.end())
      lose(fmt::format("taken for a part of {}", outer->manifest));
    else
      out.push_back(c);
  }
  return out;
}

}  // namespace peelbox::detect
