// Modification times as they are announced, so that content which changed under equal size and time is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/filesync/entry_times.hpp"
#include "engine/filesync/fingerprint.hpp"
#include "engine/filesync/path_memory.hpp"

namespace peelbox::filesync {

/// The device of a directory on a local file system, where each change gives a file another change time and nothing else gives it
/// another inode. Blocks.
std::optional<std::uint64_t> trusted_device(const std::string& directory);

/// The same where each change of extended attributes gives a file another change time too (xattrs.hpp). Blocks.
bool tells_xattrs(const std::string& directory);

/// What is remembered of a file: the numbers it had when its modification time was first announced as it is, and those it had
/// when it was seen to have no extended attributes.
struct remembered_file {
  std::uint64_t path = 0;  ///< a hash of it
  std::int64_t size = 0;
  std::int64_t mod_time = 0;     ///< ns
  std::int64_t change_time = 0;  ///< ns
  std::uint64_t inode = 0;
  /// Not 0: its time once went back, so the daemon may have other content under any time it can have.
  std::uint64_t went_back : 1 = 0;
  std::uint64_t plain : 63 = 0;  ///< plain_number(); 0: not known
  bool operator==(const remembered_file&) const = default;
};

/// The daemon compares whole nanoseconds (fsutil/diff_containerd.go, sameFile); layers hold whole seconds. So a file whose size
/// and time are the remembered ones, but not its change time or inode, is announced with other nanoseconds of the same second.
/// They follow from its numbers: the next builds announce the same, and one more change others.
std::int64_t shifted_time(const file_numbers& now) noexcept;

/// Stands for the numbers of a file without extended attributes, as seen by `view` (xattrs.hpp). It has 63 bits and is never 0.
std::uint64_t plain_number(const file_numbers& now, std::uint32_t view) noexcept;

/// What to announce for a file, given what is remembered of its path (nullptr: nothing).
struct time_decision {
  std::int64_t mod_time = 0;
  bool remember = false;  ///< `record` replaces what is remembered
  remembered_file record;
};
/// `plain`: 0, or the plain_number() of a file that is to be remembered as one.
time_decision decide_time(const remembered_file* before, std::uint64_t path, std::int64_t size, const file_numbers& now,
                          std::uint64_t plain = 0) noexcept;

/// One context's memory (path_memory.hpp). Without one times are announced as they are. Thread-safe.
class announced_times final : public entry_times {
 public:
  /// `file` need not exist, nor its folder. Files on other devices than `device` are announced as they are. Blocks.
  /// `tells`: tells_xattrs() of that device.
  announced_times(std::string file, std::uint64_t device, bool tells = false);

  /// The time to announce for a regular file of that path.
  std::int64_t time_of(std::string_view path, std::int64_t size, std::uint64_t device, const file_numbers& now,
                       bool plain = false) const;

  announced_time of_file(const std::string& path, std::int64_t size, std::uint64_t device, const file_numbers& now, bool plain,
                         const std::atomic<bool>*) const override {
    return {time_of(path, size, device, now, plain), false, true};
  }
  bool is_plain(const std::string& path, std::uint64_t device, const file_numbers& now) const override;
  std::int64_t of_other(std::int64_t own) const override { return own; }

  /// Writes down what was seen for the first time; to be called before the list of files is complete for the daemon. Blocks.
  bool save() const override { return memory_.save(); }

 private:
  const std::uint64_t device_;
  const std::uint32_t view_;  // 0 where nothing is said of extended attributes
  const path_memory<remembered_file> memory_;
};

}  // namespace peelbox::filesync
