// A read-only tree of files: a directory on disk, or what a test makes up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/async/failure.hpp"

namespace peelbox::filesync {

enum class entry_kind : std::uint8_t { unknown, regular, directory, symlink, other };

/// Names of one directory. Kept in one piece, because a directory may have a million of them.
class name_list {
 public:
  struct item {
    std::uint32_t offset;
    std::uint16_t size;
    entry_kind kind;
  };
  void add(std::string_view name, entry_kind kind);
  /// Ascending by bytes.
  void sort();

  std::size_t size() const noexcept { return items_.size(); }
  entry_kind kind(std::size_t i) const noexcept { return items_[i].kind; }
  std::string_view name(std::size_t i) const noexcept {
    return {text_.data() + items_[i].offset, items_[i].size};
  }
  /// Index of the name, or size().
  std::size_t find(std::string_view name) const noexcept;

 private:
  std::string text_;  // names, each with a zero behind it, so that a name can be handed to a system call
  std::vector<item> items_;
};

/// What lstat and readlink say.
struct entry_details {
  std::uint32_t posix_mode = 0;
  std::uint32_t links = 1;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t special_device = 0;
  std::int64_t size = 0;
  std::int64_t mod_time = 0;     ///< ns
  std::int64_t change_time = 0;  ///< ns
  std::string link_target;
};

struct entry_xattrs {
  std::vector<std::pair<std::string, std::string>> values;  ///< sorted by name; without those that nobody is sent
  bool none = false;  ///< its list is empty, which says more than that there are no values
};

/// The properties that tell whether a file is still the announced one. Its inode counts only where a context has a
/// fingerprint: some file systems (exFAT, FUSE, network ones) give a file a new number whenever they have forgotten it. One
/// that takes its place has another change time, but for files made in one tick whose directories change places.
struct file_identity {
  std::int64_t size = 0;
  std::int64_t mod_time = 0;     ///< ns
  std::int64_t change_time = 0;  ///< ns
  std::uint32_t inode = 0;       ///< its lowest bits; 0 says nothing
  bool operator==(const file_identity&) const = default;
};

/// All functions block and are called on pool threads. Failures: errc::not_found (gone, or now of another type),
/// permission, io. Their text is only the reason; the caller adds the path.
class open_directory {
 public:
  virtual ~open_directory() = default;
  /// Sorted.
  virtual result<name_list> list() = 0;
  /// `name` is one name that ends in a zero byte behind its view, as those of name_list do. Does not follow
  /// links.
  virtual result<entry_details> details(std::string_view name) = 0;
  /// The extended attributes of such an entry, which lies on `device`.
  virtual result<entry_xattrs> xattrs(std::string_view name, std::uint64_t device) {
    (void)name;
    (void)device;
    return entry_xattrs{};
  }
};

class open_file {
 public:
  virtual ~open_file() = default;
  virtual result<file_identity> identify() = 0;
  /// Reads until `size` bytes are there or the file ends; returns the count.
  virtual result<std::size_t> read(std::uint64_t offset, std::byte* target, std::size_t size) = 0;
};

/// Thread-safe. Paths are relative to the root, "" is the root; no link is followed on the way.
class file_tree {
 public:
  virtual ~file_tree() = default;
  virtual result<std::unique_ptr<open_directory>> directory(std::string_view path) const = 0;
  /// Regular files only.
  virtual result<std::unique_ptr<open_file>> file(std::string_view path) const = 0;
};

/// All of a file of at most `limit` bytes.
result<std::string> read_whole_file(const file_tree& tree, std::string_view path, std::size_t limit);

}  // namespace peelbox::filesync
