// Modification times as they are announced, so that content which changed under equal size and time is asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/filesync/fingerprint.hpp"

namespace peelbox::filesync {

/// The device of a directory on a local file system, where each change gives a file another change time and nothing else gives it
/// another inode. Blocks.
std::optional<std::uint64_t> trusted_device(const std::string& directory);

/// What is remembered of a file: the numbers it had when its modification time was first announced as it is.
struct remembered_file {
  std::uint64_t path = 0;  ///< a hash of it
  std::int64_t size = 0;
  std::int64_t mod_time = 0;     ///< ns
  std::int64_t change_time = 0;  ///< ns
  std::uint64_t inode = 0;
  /// Not 0: its time once went back, so the daemon may have other content under any time it can have.
  std::uint64_t went_back = 0;
  bool operator==(const remembered_file&) const = default;
};

/// The daemon compares whole nanoseconds (fsutil/diff_containerd.go, sameFile); layers hold whole seconds. So a file whose size
/// and time are the remembered ones, but not its change time or inode, is announced with other nanoseconds of the same second.
/// They follow from its numbers: the next builds announce the same, and one more change others.
std::int64_t shifted_time(const file_numbers& now) noexcept;

/// What to announce for a file, given what is remembered of its path (nullptr: nothing).
struct time_decision {
  std::int64_t mod_time = 0;
  bool remember = false;  ///< `record` replaces what is remembered
  remembered_file record;
};
time_decision decide_time(const remembered_file* before, std::uint64_t path, std::int64_t size, const file_numbers& now) noexcept;

/// One context's memory: a file that is mapped. Missing, damaged or of another version it is an empty one, which means that times
/// are announced as they are. Thread-safe.
class announced_times {
 public:
  /// More files than this are not remembered.
  static constexpr std::size_t most_files = std::size_t{1} << 20;
  /// Files of contexts in one folder; those that were not used for longest are removed.
  static constexpr std::size_t most_contexts = 64;

  /// `file` need not exist, nor its folder. Files on other devices than `device` are announced as they are. Blocks.
  announced_times(std::string file, std::uint64_t device);
  ~announced_times();
  announced_times(const announced_times&) = delete;
  announced_times& operator=(const announced_times&) = delete;

  /// The time to announce for a regular file of that path.
  std::int64_t time_of(std::string_view path, std::int64_t size, std::uint64_t device, const file_numbers& now) const;

  /// Writes down what was seen for the first time; to be called before the list of files is complete for the daemon. The file is
  /// replaced as a whole: of several that do so at once the last one counts, and what is lost is seen again. False when it
  /// could not be written, which nobody has to hear: the build is as right as without a memory. Blocks.
  bool save() const;

 private:
  const remembered_file* find(std::uint64_t path) const noexcept;

  const std::string file_;
  const std::uint64_t device_;
  void* map_ = nullptr;
  std::size_t map_size_ = 0;
  const remembered_file* records_ = nullptr;  // sorted by path
  std::size_t count_ = 0;
  mutable std::mutex mutex_;
  mutable std::vector<remembered_file> fresh_;
};

}  // namespace peelbox::filesync
