#include "cli/cache_identity.hpp"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string_view>

#include "engine/async/read_file.hpp"
#include "engine/filesync/git_config.hpp"
#include "engine/filesync/git_work_tree.hpp"
#include "engine/oci/digest.hpp"
#include "engine/session/identity.hpp"
#include "engine/spec/git_origin.hpp"

namespace peelbox::cli {

namespace {

constexpr std::size_t longest_config = 1 << 20;

}  // namespace

checkout checkout_of(const std::string& canonical_dir) {
  const auto tree = filesync::work_tree_around(canonical_dir);
  if (!tree) return {};
  const result<std::string> config = read_file(tree->common_dir + "/config", "git's configuration", longest_config,
                                               std::chrono::milliseconds(0));
  if (config.has_error()) return {};
  const auto url = filesync::git_config_value(*config, "remote \"origin\"", "url");
  const std::string origin = spec::normalised_origin(url.value_or(""));
  if (origin.empty()) return {};
  const std::string below = std::filesystem::path(canonical_dir).lexically_relative(tree->root).generic_string();
  return {origin, below == "." ? std::string() : below};
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
