// Contents of files that need not be read, because git read them and they did not change since.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/filesync/fingerprint.hpp"
#include "engine/filesync/git_conversions.hpp"
#include "engine/filesync/git_index.hpp"

namespace peelbox::filesync {

/// SHA-1 over "blob SIZE\0" and the contents (gitformat-loose(5)).
using blob_id = std::array<std::byte, sha1_id>;

/// Thread-safe.
class git_blobs {
 public:
  /// `written`: when the index was, ns. `inside`: the context below the root of the work tree, "" for that itself. Entries of
  /// other objects than SHA-1 blobs of whole files are left out. Pure.
  git_blobs(const git_index& index, std::int64_t written, std::string inside, git_conversions conversions);

  /// The blob of a file of the context whose numbers are those that git wrote down, by git's rules but stricter: times to the
  /// nanosecond, and change time and inode count whatever its configuration says. A file that changed after it was looked at
  /// has other numbers, unless that was in the tick of the clock of the index or later; these are not given ("racy git").
  /// Nor are files that git may keep with other bytes than they have. Pure.
  std::optional<blob_id> find(std::string_view path, std::int64_t size, const file_numbers& now) const;

  /// A directory of the context has attributes. They do not count yet when git does not track them.
  void found_attributes(const std::string& directory) const;

 private:
  struct record {
    std::uint32_t path_begin, path_size;
    std::uint32_t size, mod_seconds, mod_nanoseconds, change_seconds, change_nanoseconds, inode;
    blob_id id;
  };
  const record* find(std::string_view path) const;
  std::string in_work_tree(std::string_view path) const;

  const std::int64_t written_;
  const std::string inside_;
  const git_conversions conversions_;
  std::string paths_;                 // relative to the context
  std::vector<record> records_;
  std::vector<std::uint32_t> table_;  // positions of records plus one; a power of two
  mutable std::atomic<bool> has_untracked_{false};
  mutable std::mutex mutex_;
  mutable git_conversions untracked_;
};

/// From the work tree around the directory `root`; nullptr when there is none, its index cannot be used, or a configuration that git may use
/// there converts line ends of every file. `home` and `xdg_config_home` are the user's, or "". Includes count whatever their conditions
/// are; the environment does not. Blocks.
std::shared_ptr<const git_blobs> open_git_blobs(const std::string& root, const std::string& home, const std::string& xdg_config_home);

}  // namespace peelbox::filesync
