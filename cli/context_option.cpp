#include "cli/context_option.hpp"

#include <fmt/format.h>

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
  source.exclude.push_back(".git");
  return source;
}

}  // namespace peelbox::cli
