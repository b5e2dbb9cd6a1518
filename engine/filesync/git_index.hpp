// git's index: the files that git tracks, with what it knew of each when it last looked.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::filesync {

/// Bytes of an object id: SHA-1, or with extensions.objectFormat = sha256 SHA-256.
inline constexpr std::size_t sha1_id = 20;
inline constexpr std::size_t sha256_id = 32;

/// One entry. Times, device, inode, owner and size are what stat() said when the file was last equal to the blob, each
/// cut to 32 bits; all zero when git does not know.
struct git_index_entry {
  std::uint32_t path_begin = 0;  ///< in git_index::paths
  std::uint32_t path_size = 0;
  std::uint32_t mode = 0;  ///< see the kinds below
  std::uint32_t size = 0;
  std::uint32_t mod_seconds = 0;
  std::uint32_t mod_nanoseconds = 0;
  std::uint32_t change_seconds = 0;
  std::uint32_t change_nanoseconds = 0;
  std::uint32_t device = 0;
  std::uint32_t inode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::array<std::byte, sha256_id> id{};  ///< of the blob; the first git_index::id_size bytes
  std::uint8_t stage = 0;                 ///< not 0: one side of a conflict; the path is there up to three times
  bool assume_valid = false;
  bool skip_worktree = false;
  bool intent_to_add = false;  ///< tracked, and `id` is the empty blob

  bool is_repository() const noexcept { return (mode & 0170000) == 0160000; }  ///< a submodule
  /// Stands for a whole directory that is not checked out; its path ends in '/' (sparse index).
  bool is_directory() const noexcept { return (mode & 0170000) == 0040000; }
};

struct git_index {
  std::uint32_t version = 0;
  std::size_t id_size = sha1_id;
  /// Ascending by the bytes of the path, then by stage.
  std::vector<git_index_entry> entries;
  std::string paths;

  /// Set when the rest is in another file, `sharedindex.<hex of id>` beside this one (split index).
  struct shared_part {
    std::string id;                        ///< lower-case hex
    std::vector<std::uint32_t> removed;    ///< positions in the shared index, ascending
    std::vector<std::uint32_t> replaced;   ///< the same; the first entries here, which have no path, take their places
  };
  std::optional<shared_part> shared;
  bool was_split = false;  ///< made by merge_shared_index()

  std::string_view path(const git_index_entry& e) const noexcept {
    return std::string_view(paths).substr(e.path_begin, e.path_size);
  }
};

/// Versions 2, 3 and 4 (git's Documentation/gitformat-index). Any bytes: failure{context} says what is wrong, also for a
/// version or an extension that must be understood and is not; failure{limit} when paths are larger than a bound. As git
/// does when it reads an index, the checksum at the end is not compared.
result<git_index> parse_git_index(byte_view content, std::size_t id_size);

/// An index with shared_part and the shared index that it names -> what both mean together.
result<git_index> merge_shared_index(git_index shared, git_index own);

/// The paths alone, to be asked whether git tracks something. Relative to the root of the work tree.
class git_tracked {
 public:
  /// Without shared_part.
  explicit git_tracked(git_index index);

  enum class answer {
    no,
    file,        ///< a file or link
    below,       ///< a directory in which something is tracked
    repository,  ///< a submodule
  };
  answer ask(std::string_view path) const;
  std::size_t size() const noexcept { return begins_.empty() ? 0 : begins_.size() - 1; }

 private:
  std::string_view path(std::size_t i) const noexcept {
    return std::string_view(paths_).substr(begins_[i], begins_[i + 1] - begins_[i]);
  }
  std::string paths_;
  std::vector<std::uint32_t> begins_;  // one more than paths
  std::vector<bool> repositories_;
};

}  // namespace peelbox::filesync
