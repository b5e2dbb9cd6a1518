// What detection knows of the files: every name, and on demand the text of small files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/detect/value.hpp"
#include "engine/filesync/file_tree.hpp"

namespace peelbox::detect {

/// Larger files are data, not manifests or entry points.
inline constexpr std::size_t max_file_bytes = 1 << 20;
/// All that one detection reads.
inline constexpr std::size_t max_total_bytes = 256 << 20;

struct directory {
  std::string path;                      ///< relative to the root, "" is the root
  std::vector<std::string> files;        ///< regular files, ascending
  std::vector<std::string> directories;  ///< ascending, also those that were not entered
};

/// A remark about one file, for people.
struct note {
  std::string path;
  std::string text;
};

/// Used by one thread. Text stays where it is until the repository is destroyed.
class repository {
 public:
  /// `directories` in any order.
  repository(std::shared_ptr<const filesync::file_tree> tree, std::vector<directory> directories);

  const std::vector<directory>& directories() const noexcept { return directories_; }
  const directory* find(std::string_view path) const;
  bool has_file(std::string_view path) const;
  bool has_directory(std::string_view path) const;
  std::size_t file_count() const noexcept { return files_; }

  /// The text of a file, or null: it does not exist, is too large, cannot be read or is not UTF-8. All but the first
  /// leave a note. Carriage returns before line feeds and a byte order mark are taken off.
  const std::string* read(std::string_view path);

  /// The tree of a file that many services share, parsed once; null when it does not exist or is broken, which is a
  /// note.
  const value* shared_tree(const std::string& path, result<value> (*parse)(std::string_view));

  void add_note(std::string_view path, std::string text);
  /// Ascending, without repetitions.
  std::vector<note> notes() const;

 private:
  std::shared_ptr<const filesync::file_tree> tree_;
  std::vector<directory> directories_;
  std::map<std::string, std::optional<std::string>, std::less<>> texts_;
  std::map<std::string, std::optional<value>> trees_;
  std::vector<note> notes_;
  std::size_t files_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace peelbox::detect
