#include "engine/detect/unsupported.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/detect/text.hpp"

namespace peelbox::detect {
namespace {

struct unsupported_kind {
  std::string_view pattern;
  std::string_view tool;
};

constexpr std::array<unsupported_kind, 8> unsupported_kinds{{
    {"rebar.config", "Erlang"}, {"Project.toml", "Julia"}, {"DESCRIPTION", "R"}, {"build.sc", "Mill"},
    {"pixi.toml", "Pixi"},      {"environment.yml", "Conda"}, {"flake.nix", "Nix"}, {"package.json5", "A manifest in JSON5"},
}};

std::ptrdiff_t depth(std::string_view path) { return path.empty() ? 0 : 1 + std::count(path.begin(), path.end(), '/'); }

}  // namespace

std::vector<rejected> find_unsupported(const repository& files) {
  constexpr std::ptrdiff_t deepest = 2;
  constexpr std::size_t most = 20;
  std::vector<rejected> out;
  for (const directory& dir : files.directories()) {
    if (depth(dir.path) > deepest || out.size() == most) continue;
    for (const std::string_view name : dir.files)
      for (const unsupported_kind& r : unsupported_kinds)
        if (name_matches(r.pattern, name)) out.push_back({join(dir.path, name), fmt::format("{} is not supported", r.tool)});
  }
  return out;
}

}  // namespace peelbox::detect
