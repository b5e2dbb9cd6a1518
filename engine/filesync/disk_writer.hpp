// Writes a received tree below one directory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"
#include "engine/filesync/beneath.hpp"
#include "engine/filesync/stat.hpp"

namespace peelbox::filesync {

/// Everything is opened relative to the root's descriptor without following links, so nothing in the directory,
/// even if it appears meanwhile, leads outside. A link where a directory belongs is replaced.
/// Files, links and devices are made under a temporary name and renamed over what was there. Directories get
/// their modes and times in finish(), because what is written into them would change them.
///
/// Entries must have passed order_validator. All functions block; one thread at a time. Failures name the
/// path. The destructor removes temporary files.
class disk_writer {
 public:
  /// Creates `root` with mode 0700 when it is missing (not its parents). `delete_others`: see
  /// receive_options.
  static result<std::unique_ptr<disk_writer>> open(const std::string& root, bool delete_others);
  ~disk_writer();
  disk_writer(const disk_writer&) = delete;
  disk_writer& operator=(const disk_writer&) = delete;

  /// A directory, symlink, device, fifo, or hard link to a file of this transfer.
  result<void> make_entry(stat_entry&& entry);
  result<void> begin_file(std::uint32_t id, stat_entry&& entry);
  result<void> write(std::uint32_t id, byte_view data);
  result<void> end_file(std::uint32_t id);
  /// Makes hard links, deletes what has to go, and sets modes and times of directories.
  result<void> finish();

 private:
  struct open_file_state {
    stat_entry entry;
    std::string temporary;
    unique_fd fd;
    std::uint64_t used = 0;
  };
  explicit disk_writer(std::string root_name, unique_fd root)
      : root_name_(std::move(root_name)), root_(std::move(root)) {}

  failure failed(std::string_view what, const std::string& path, int error) const;
  result<int> directory_of(const std::string& path);
  result<int> open_cached(const std::string& directory);
  std::string temporary_name();
  result<void> make_directory(stat_entry&& entry);
  result<void> make_special(const stat_entry& entry);
  result<void> make_hard_link(const stat_entry& entry);
  result<void> put_in_place(int directory, const std::string& temporary, const std::string& path);
  result<int> descriptor(open_file_state& file);
  void close_least_used();
  result<void> finish_directory(const stat_entry& entry);
  result<void> delete_unknown(int directory, const std::string& path);

  std::string root_name_;
  unique_fd root_;
  std::string cached_path_;
  unique_fd cached_;
  std::unordered_map<std::uint32_t, open_file_state> files_;
  std::size_t open_descriptors_ = 0;
  std::uint64_t clock_ = 0;
  std::uint64_t temporaries_ = 0;
  std::vector<stat_entry> directories_;
  std::vector<stat_entry> hard_links_;
  bool delete_others_ = false;
  std::unordered_set<std::string> announced_;  // only when delete_others_
};

}  // namespace peelbox::filesync
