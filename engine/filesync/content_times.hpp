// Modification times that follow from contents, so that equal trees are announced equally, wherever and whenever they were made.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/filesync/entry_times.hpp"
#include "engine/filesync/git_blobs.hpp"
#include "engine/filesync/path_memory.hpp"
#include "engine/filesync/sender.hpp"

namespace peelbox::filesync {

/// The second of everything: 1980-01-02T00:00:00Z, which is in the years of ZIP in every time zone. It is one for all commits and machines,
/// because layers hold seconds; with that of the commit, or with SOURCE_DATE_EPOCH, which mostly is that, every commit
/// would be another tree. It is not later than any SOURCE_DATE_EPOCH that somebody uses, so exporters that cut times keep it.
inline constexpr std::int64_t content_second = 315'619'200;

/// content_second with nanoseconds that follow from the blob and the key. A daemon asks for a file again when size or nanoseconds are
/// others (fsutil/diff_containerd.go, sameFile), so by chance one of 10⁹ changes of equal size is not seen.
std::int64_t content_time(const blob_id& blob, std::string_view key);

/// What is remembered of a file that was read.
struct remembered_blob {
  std::uint64_t path = 0;  ///< a hash of it
  std::int64_t size = 0;
  std::int64_t mod_time = 0;     ///< ns
  std::int64_t change_time = 0;  ///< ns
  std::uint64_t inode = 0;
  blob_id blob{};
  std::uint32_t plain = 0;  ///< the xattr_view() that saw no extended attributes; 0: not known
};

/// A file's blob is taken from git's index, else from what is remembered for its numbers, else it is read, on the thread that asks. Where
/// change times do not tell every change it is read every time. A file that changes while it is read, or whose next
/// change could not be told, gets a time that no other build announces, and does not stand for its contents.
class content_times final : public entry_times {
 public:
  /// On `device` change times tell every change; std::nullopt: nowhere. `git` may be nullptr. `tells`: tells_xattrs() of that device.
  content_times(std::shared_ptr<const file_tree> tree, std::optional<std::uint64_t> device, std::string memory, std::string key,
                std::shared_ptr<const git_blobs> git, bool tells = false);

  void enter(const std::string& path, const name_list& names) const override;
  announced_time of_file(const std::string& path, std::int64_t size, std::uint64_t device, const file_numbers& now, bool plain,
                         const std::atomic<bool>* stopped) const override;
  /// Of files that had to be read.
  bool is_plain(const std::string& path, std::uint64_t device, const file_numbers& now) const override;
  std::int64_t of_other(std::int64_t) const override { return content_second * 1'000'000'000; }
  bool save() const override { return memory_.save(); }

  /// How many files were read.
  std::uint64_t read() const noexcept { return read_.load(std::memory_order_relaxed); }

 private:
  std::int64_t time_of_its_own(std::string_view path) const;

  const std::shared_ptr<const file_tree> tree_;
  const std::optional<std::uint64_t> device_;
  const std::uint32_t view_;  // 0 where nothing is said of extended attributes
  const path_memory<remembered_blob> memory_;
  const std::string key_;
  const std::shared_ptr<const git_blobs> git_;
  const std::uint64_t seed_;
  mutable std::atomic<std::uint64_t> read_{0};
};

/// For a source that has `content_times`. Blocks.
std::shared_ptr<const entry_times> open_content_times(const context_source& source, std::shared_ptr<const file_tree> tree,
                                                      std::optional<std::uint64_t> device);

}  // namespace peelbox::filesync
