#include "engine/client/left_out.hpp"

#include <algorithm>
#include <array>

#include "engine/async/ascii.hpp"
#include "engine/filesync/context_filter.hpp"

namespace peelbox::client {

namespace {

constexpr std::size_t most_paths = 32;
constexpr std::size_t longest_line = 4096;
constexpr std::size_t longest_path = 512;

constexpr std::array<std::string_view, 11> complaints{
    "no such file",   "not found",   "cannot find",     "can't find",     "could not find",
    "does not exist", "cannot open", "can't open file", "no rule to make", "can't cd to",
    "nothing matches"};
// Words of such complaints. A file may have such a name, but is not meant.
constexpr std::array<std::string_view, 22> words{"no",   "such", "file",   "or",   "directory", "not",  "found", "cannot",
                                                 "open", "find", "could",  "does", "exist",     "rule", "to",    "make",
                                                 "the",  "a",    "target", "in",   "error",     "needed"};

// The sources from which make's own rules make an object.
constexpr std::array<std::string_view, 6> sources_of_objects{".c", ".cc", ".cpp", ".cxx", ".C", ".S"};

/// The path relative to the context, without dots and slashes around it; empty when it cannot be one.
std::string_view cleaned(std::string_view token, std::string_view directory) {
  while (!token.empty() && (token.back() == '.' || token.back() == '/')) token.remove_suffix(1);
  if (token.starts_with('/')) {
    // Absolute paths are below the build's directory, or, as in COPY, relative to the root of the context.
    if (token.starts_with(directory) && token.substr(directory.size()).starts_with('/')) token.remove_prefix(directory.size());
    while (token.starts_with('/')) token.remove_prefix(1);
  }
  while (token.starts_with("./")) token.remove_prefix(2);
  if (token.empty() || token.size() > longest_path || token.starts_with('-')) return {};
  const bool outside = token == ".." || token.starts_with("../") || token.find("/../") != std::string_view::npos;
  return outside ? std::string_view() : token;
}

void add(std::string path, std::vector<std::string>& paths) {
  if (paths.size() < most_paths && std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(std::move(path));
}

}  // namespace

std::vector<std::string> paths_missed(const std::vector<std::string_view>& lines, std::string_view directory) {
  std::vector<std::string> paths;
  for (std::string_view line : lines) {
    line = line.substr(0, longest_line);
    const std::string low = lower(line);
    const bool complains = std::any_of(complaints.begin(), complaints.end(),
                                       [&](std::string_view c) { return low.find(c) != std::string::npos; });
    if (!complains) continue;
    while (!line.empty() && paths.size() < most_paths) {
      const std::size_t end = std::min(line.find_first_of(" \t\n\"'`:;,()<>[]{}="), line.size());
      const std::string_view path = cleaned(line.substr(0, end), directory);
      line.remove_prefix(std::min(end + 1, line.size()));
      if (path.empty() || std::find(words.begin(), words.end(), lower(path)) != words.end()) continue;
      add(std::string(path), paths);
      if (!path.ends_with(".o")) continue;
      for (const std::string_view source : sources_of_objects) add(std::string(path.substr(0, path.size() - 2)).append(source), paths);
    }
  }
  return paths;
}

std::optional<left_out_file> find_left_out(const filesync::context_source& context, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    const result<filesync::path_decision> decision = filesync::explain_path(context, {}, path);
    if (decision.has_value() && decision->exists && !decision->sent) return left_out_file{path, decision->why};
  }
  return std::nullopt;
}

}  // namespace peelbox::client
