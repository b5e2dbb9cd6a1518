#include "engine/filesync/size_profile.hpp"

#include <algorithm>
#include <array>

#include "engine/filesync/path_order.hpp"

namespace peelbox::filesync {

namespace {

constexpr std::size_t deepest = 6;
constexpr std::size_t most_large_files = 256;

/// The first `deepest` names of a path.
std::string_view upper_part(std::string_view directory) {
  std::size_t at = 0;
  for (std::size_t level = 0; level < deepest; ++level) {
    at = directory.find('/', at);
    if (at == directory.npos) return directory;
    ++at;
  }
  return directory.substr(0, at - 1);
}

/// Directories that tools fill and nobody edits: to be left out as a whole.
bool is_left_out_as_a_whole(std::string_view name) {
  static constexpr std::array<std::string_view, 18> known{
      "node_modules", "target",  "build", "dist", ".venv",      "venv",   "__pycache__", ".cache",    ".gradle",
      ".next",        ".nuxt",   "out",   "bin",  ".terraform", "vendor", ".tox",        ".mypy_cache", "obj"};
  return std::find(known.begin(), known.end(), name) != known.end();
}

}  // namespace

void size_profile::add_file(std::string_view path, std::uint64_t bytes) {
  add(parent_path(path), bytes, 1);
  if (bytes >= large_file) name_large_file(path, bytes);
}

void size_profile::add(std::string_view directory, std::uint64_t bytes, std::uint64_t files) {
  totals& t = directories_[std::string(upper_part(directory))];
  t.bytes += bytes;
  t.files += files;
  bytes_ += bytes;
  files_ += files;
}

void size_profile::name_large_file(std::string_view path, std::uint64_t bytes) {
  large_files_.push_back({std::string(path), bytes, 1});
  if (large_files_.size() < 2 * most_large_files) return;
  const auto larger = [](const heavy_path& a, const heavy_path& b) { return a.bytes > b.bytes; };
  std::nth_element(large_files_.begin(), large_files_.begin() + most_large_files, large_files_.end(), larger);
  large_files_.resize(most_large_files);
}

std::vector<heavy_path> size_profile::heaviest(std::size_t count, weight by) const {
  const auto weight_of = [by](const heavy_path& p) { return by == weight::bytes ? p.bytes : p.files; };
  // Everything below each directory, and what lies in each.
  std::unordered_map<std::string_view, totals> whole;
  for (const auto& [directory, own] : directories_) {
    for (std::string_view at = directory; !at.empty(); at = parent_path(at)) {
      whole[at].bytes += own.bytes;
      whole[at].files += own.files;
    }
  }
  std::unordered_map<std::string_view, std::vector<heavy_path>> inside;
  for (const auto& [directory, sum] : whole)
    inside[parent_path(directory)].push_back({std::string(directory) + '/', sum.bytes, sum.files});
  for (const heavy_path& file : large_files_) inside[parent_path(file.path)].push_back(file);
  const auto heavier = [&](const heavy_path& a, const heavy_path& b) {
    return weight_of(a) != weight_of(b) ? weight_of(a) > weight_of(b) : a.path < b.path;
  };
  for (auto& [directory, entries] : inside) std::sort(entries.begin(), entries.end(), heavier);

  std::vector<heavy_path> found;
  for (heavy_path candidate : inside[""]) {
    if (found.size() == count) break;
    if (weight_of(candidate) * 20 < (by == weight::bytes ? bytes_ : files_)) break;
    while (candidate.path.ends_with('/')) {
      const std::string_view directory = std::string_view(candidate.path).substr(0, candidate.path.size() - 1);
      if (is_left_out_as_a_whole(base_name(directory))) break;
      const auto entries = inside.find(directory);
      if (entries == inside.end() || weight_of(entries->second.front()) * 5 < weight_of(candidate) * 4) break;
      candidate = heavy_path(entries->second.front());
    }
    found.push_back(std::move(candidate));
  }
  std::sort(found.begin(), found.end(), heavier);
  return found;
}

std::string ignore_line_for(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.find_first_of("\n\r") != path.npos) return {};
  std::string line;
  for (std::size_t i = 0; i < path.size(); ++i) {
    // White space at the ends of a line does not count; '?' is any one character.
    if (path[i] == ' ' && (i == 0 || i + 1 == path.size())) {
      line += '?';
      continue;
    }
    const bool special = std::string_view("*?[]\\").find(path[i]) != std::string_view::npos;
    if (special || (i == 0 && path[i] == '!')) line += '\\';
    line += path[i];
  }
  if (line.starts_with('#')) line.insert(0, "./");
  return line;
}

}  // namespace peelbox::filesync
