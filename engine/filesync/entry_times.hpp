// What is announced as the modification time of an entry, which decides whether a daemon asks for a file again.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "engine/filesync/file_tree.hpp"
#include "engine/filesync/fingerprint.hpp"

namespace peelbox::filesync {

struct announced_time {
  std::int64_t time = 0;  ///< ns
  /// The time follows from the contents alone: it stands for them in a fingerprint, and whoever gets it gets these or none.
  bool stands_for_contents = false;
  /// A file with another inode is another file. Some file systems give a file a new number at any time.
  bool inode_counts = true;
};

/// Thread-safe. Everything may block.
class entry_times {
 public:
  virtual ~entry_times() = default;
  /// A directory that is walked, before what is in it.
  virtual void enter(const std::string& path, const name_list& names) const {
    (void)path;
    (void)names;
  }
  /// Of a regular file that had these numbers. When `stopped` becomes true (nullptr: never) any answer will do.
  /// `plain`: it was seen to have no extended attributes, and if it gets one, its change time will be another.
  virtual announced_time of_file(const std::string& path, std::int64_t size, std::uint64_t device, const file_numbers& now, bool plain,
                                 const std::atomic<bool>* stopped) const = 0;
  /// A regular file with these numbers is known to have no extended attributes, so nobody has to ask for them.
  virtual bool is_plain(const std::string& path, std::uint64_t device, const file_numbers& now) const = 0;
  /// Of everything else.
  virtual std::int64_t of_other(std::int64_t own) const = 0;
  /// Writes down what was found out; before the list of files is complete for the daemon. False when that failed, which nobody has
  /// to hear.
  virtual bool save() const = 0;
};

}  // namespace peelbox::filesync
