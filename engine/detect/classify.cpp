#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <unordered_map>

#include "engine/detect/build_system.hpp"
#include "engine/detect/phases.hpp"
#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

constexpr std::array<std::string_view, 26> of_tests{
    "__fixtures__", "__mocks__", "__tests__", "benchmark", "benchmarks", "demo",   "demos",  "doc",      "docs", "documentation", "e2e",      "example",
    "examples",     "fixture",   "fixtures",  "fuzz",      "sample",     "samples", "template", "test", "test-data", "test_data", "testdata", "tests", "xtask"};

/// The name in the path that says that this is not part of the product.
std::string_view test_directory(std::string_view dir) {
  for (const std::string_view part : split(dir, '/')) {
    const auto at = std::find(of_tests.begin(), of_tests.end(), part);
    if (at != of_tests.end() || part.ends_with("-examples") || part.ends_with("-example")) return part;
  }
  return {};
}

/// Which file of a directory each build system takes for its manifest. Every name of the repository is asked for, so
/// most of them are ruled out by their length and a few letters.
class manifest_finder {
 public:
  manifest_finder() : found_(build_systems().size()) {
    for (std::uint32_t s = 0; s < found_.size(); ++s) {
      const auto& manifests = build_systems()[s]->manifests;
      for (std::uint32_t rank = 0; rank < manifests.size(); ++rank) {
        const std::string_view pattern = manifests[rank];
        if (!contains(pattern, "*")) {
          by_name_[pattern].push_back({s, rank});
          lengths_[byte(pattern.front())] |= length_bit(pattern);
        } else if (const char last = pattern.back(); last == '*' || last == '?') {
          for (auto& all : by_last_byte_) all.push_back({pattern, {s, rank}});
        } else {
          by_last_byte_[byte(last)].push_back({pattern, {s, rank}});
        }
      }
    }
  }

  /// Whether any does; then manifest_of() tells.
  bool look(const names& files) {
    if (dirty_) std::fill(found_.begin(), found_.end(), claim_of_file());
    dirty_ = false;
    for (std::size_t i = 0; i < files.size(); ++i) {
      const std::string_view name = files[i];
      if ((lengths_[byte(name.front())] & length_bit(name)) != 0) {
        if (const auto at = by_name_.find(name); at != by_name_.end())
          for (const claimed& c : at->second) offer(c, i);
      }
      for (const auto& [pattern, c] : by_last_byte_[byte(name.back())])
        if (name_matches(pattern, name)) offer(c, i);
    }
    return dirty_;
  }
  /// The first of the files that the most telling pattern of the system matches, "" when none does.
  std::string_view manifest_of(std::size_t system, const names& files) const {
    return found_[system].rank == none ? std::string_view() : files[found_[system].file];
  }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  struct claimed {
    std::uint32_t system;
    std::uint32_t rank;  ///< index in build_system::manifests
  };
  struct claim_of_file {
    std::uint32_t rank = none;
    std::size_t file = 0;
  };
  static std::size_t byte(char c) { return static_cast<unsigned char>(c); }
  static std::uint64_t length_bit(std::string_view name) { return std::uint64_t{1} << (name.size() & 63); }
  void offer(const claimed& c, std::size_t file) {
    dirty_ = true;
    if (c.rank < found_[c.system].rank) found_[c.system] = {c.rank, file};
  }

  std::unordered_map<std::string_view, std::vector<claimed>> by_name_;
  std::array<std::uint64_t, 256> lengths_{};
  std::array<std::vector<std::pair<std::string_view, claimed>>, 256> by_last_byte_;
  std::vector<claim_of_file> found_;
  bool dirty_ = false;
};

std::optional<candidate> claim_directory(repository& files, const directory& dir, const manifest_finder& manifests,
                               std::vector<rejected>& lost) {
  std::optional<candidate> winner;
  for (std::size_t i = 0; i < build_systems().size(); ++i) {
    const build_system* const system = build_systems()[i];
    const std::string_view file = manifests.manifest_of(i, dir.files);
    if (file.empty()) continue;
    const std::string path = join(dir.path, file);
    if (winner && (system->weak || winner->manifest == path)) continue;
    if (system->refuses) {
      if (std::string why = system->refuses(files, path); !why.empty()) {
        lost.push_back({path, fmt::format("not {}: {}", system->name, why)});
        continue;
      }
    }
    if (winner) {
      winner->others.push_back({system, path});
      continue;
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
  manifest_finder manifests;
  for (const directory& dir : files.directories())
    if (manifests.look(dir.files))
      if (auto found = claim_directory(files, dir, manifests, lost)) all.push_back(std::move(*found));

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
