#include "cli/cache_identity.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string_view>

#include "engine/oci/digest.hpp"
#include "engine/session/identity.hpp"
#include "engine/spec/git_origin.hpp"

namespace peelbox::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_config = 1 << 20;
constexpr std::size_t longest_pointer = 8 << 10;

/// Nothing when it is no regular file or is longer than that.
std::optional<std::string> small_file(const fs::path& path, std::size_t longest) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return std::nullopt;
  struct stat about {};
  std::optional<std::string> text;
  if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && static_cast<std::size_t>(about.st_size) <= longest) {
    text.emplace(static_cast<std::size_t>(about.st_size), '\0');
    std::size_t filled = 0;
    while (filled < text->size()) {
      const ssize_t n = ::read(fd, text->data() + filled, text->size() - filled);
      if (n <= 0) break;
      filled += static_cast<std::size_t>(n);
    }
    text->resize(filled);
  }
  ::close(fd);
  return text;
}

/// A path in a file of git's, relative to `base`.
std::optional<fs::path> pointer(const fs::path& file, std::string_view prefix, const fs::path& base) {
  std::optional<std::string> text = small_file(file, longest_pointer);
  if (!text || !text->starts_with(prefix)) return std::nullopt;
  text->erase(0, prefix.size());
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  if (text->empty() || text->find('\0') != text->npos) return std::nullopt;
  return base / *text;
}

/// Where the configuration of the checkout with its top at `dir` is (gitrepository-layout(5)): a worktree's .git is a file
/// that names a folder, which names the common one.
std::optional<fs::path> git_folder(const fs::path& dir) {
  const fs::path dot_git = dir / ".git";
  std::error_code error;
  if (fs::is_directory(dot_git, error)) return dot_git;
  std::optional<fs::path> named = pointer(dot_git, "gitdir: ", dir);
  if (!named) return std::nullopt;
  if (std::optional<fs::path> common = pointer(*named / "commondir", "", *named)) return common;
  return named;
}

}  // namespace

checkout checkout_of(const std::string& canonical_dir) {
  const fs::path start(canonical_dir);
  for (fs::path dir = start;; dir = dir.parent_path()) {
    if (const std::optional<fs::path> folder = git_folder(dir)) {
      if (const std::optional<std::string> config = small_file(*folder / "config", longest_config)) {
        const std::string origin = spec::normalised_origin(spec::origin_url(*config));
        if (origin.empty()) return {};
        const std::string below = start.lexically_relative(dir).generic_string();
        return {origin, below == "." ? std::string() : below};
      }
    }
    if (!dir.has_relative_path()) return {};
  }
}

std::string cache_identity(const std::string& chosen, const std::string& canonical_dir, const session::user_secret& user) {
  std::string whole;
  if (!chosen.empty()) {
    whole = "chosen\n" + chosen;
  } else if (const checkout found = checkout_of(canonical_dir); !found.origin.empty()) {
    whole = "origin\n" + found.origin + '\n' + found.below;
  } else if (user.why_not_kept().empty()) {
    whole = "directory\n" + user.derive("cache", session::machine_text() + '\0' + canonical_dir);
  } else {
    // The next build will have another secret, and is to find the same caches.
    whole = "directory\n" + session::machine_text() + '\0' + std::to_string(geteuid()) + '\0' + canonical_dir;
  }
  return oci::digest_of(whole).substr(std::string_view("sha256:").size(), 12);
}

}  // namespace peelbox::cli
