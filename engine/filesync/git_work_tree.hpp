// Repositories of git on disk: where they are, and what they say of files beside their .gitignore files.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/async/failure.hpp"
#include "engine/filesync/filter.hpp"

namespace peelbox::filesync {

/// A directory that git has checked out.
struct git_work_tree {
  std::string root;
  std::string git_dir;     ///< with HEAD and index
  std::string common_dir;  ///< with config and info/exclude; another one in a work tree made by `git worktree`
};

/// The work tree whose root is `directory`: its ".git" is a repository, or a file that names one (a submodule, or one made
/// by `git worktree`). As for git, a ".git" that is neither does not count. Blocks, as all functions here.
std::optional<git_work_tree> work_tree_at(const std::string& directory);
/// The same for the nearest directory at or above the absolute path `directory`, on the same file system.
std::optional<git_work_tree> work_tree_around(const std::string& directory);

/// All of an index, the shared part of a split one included; std::nullopt when there is none, because nothing was ever
/// added. failure{context, permission, io} names the file.
result<std::optional<git_index>> read_git_index(const git_work_tree& tree);

/// For a context whose root is `root` on disk; null when there is no such directory. `home` and `xdg_config_home` are the
/// user's, or "".
///
/// A context below the root of a work tree inherits what stands above it, unless git ignores the whole context: whoever
/// names an ignored directory wants what is in it. Of git's configuration core.excludesFile and extensions.objectFormat
/// are read, from the system's file, the user's and the repository's; includes and the environment do not count.
std::shared_ptr<const git_repositories> repositories_on_disk(std::string root, std::string home, std::string xdg_config_home);

}  // namespace peelbox::filesync
