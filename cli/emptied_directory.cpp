#include "cli/emptied_directory.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

namespace peelbox::cli {

namespace {

namespace fs = std::filesystem;

bool holds(const fs::path& directory, const fs::path& other) {
  const fs::path inside = other.lexically_relative(directory);
  return !inside.empty() && *inside.begin() != "..";
}

}  // namespace

result<void> may_be_emptied(const std::string& directory, const std::vector<std::string>& contexts) {
  std::error_code error;
  fs::path emptied = fs::weakly_canonical(fs::absolute(directory, error), error);
  if (error) return failure(errc::io, fmt::format("output {}: {}", directory, error.message()));
  // "out/" has an empty last name.
  if (!emptied.has_filename() && emptied.has_relative_path()) emptied = emptied.parent_path();
  const char* const home = std::getenv("HOME");
  std::vector<std::pair<std::string_view, fs::path>> kept{{"the working directory", fs::current_path(error)},
                                                          {"your home directory", home == nullptr ? "" : home}};
  for (const std::string& context : contexts) kept.emplace_back("the context", context);
  for (const auto& [what, path] : kept) {
    if (path.empty() || !path.is_absolute() || !holds(emptied, fs::weakly_canonical(path, error))) continue;
    return failure(errc::usage,
                   fmt::format("output {}: mode=delete would remove everything in it that the build does not make, and {} "
                               "({}) is there; name a directory of its own, as in dest=out",
                               directory, what, path.string()),
                   origin::user);
  }
  return {};
}

}  // namespace peelbox::cli
