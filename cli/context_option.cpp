#include "cli/context_option.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

namespace peelbox::cli {

result<std::string> canonical_context(const std::string& flag, const std::string& dir) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(dir, error);
  if (error) return failure(errc::context, fmt::format("{} {}: {}", flag, dir, error.message()), origin::user);
  if (!std::filesystem::is_directory(path, error))
    return failure(errc::context, fmt::format("{} {}: not a directory", flag, dir), origin::user);
  return path.string();
}

filesync::context_source context_source_of(const std::string& canonical_dir, bool gitignore) {
  filesync::context_source source;
  source.root = canonical_dir;
  source.gitignore = gitignore;
  source.dockerignore = ".dockerignore";
  source.exclude.push_back("**/.git");
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  source.home = variable("HOME");
  source.xdg_config_home = variable("XDG_CONFIG_HOME");
  return source;
}

}  // namespace peelbox::cli
