// Which paths make a tree large.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace peelbox::filesync {

struct heavy_path {
  std::string path;  ///< with a '/' behind it: a directory with everything below
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;

  bool operator==(const heavy_path&) const = default;
};

/// Adds up files by directory and names the few paths that make a tree large. Memory: about 100 bytes for each
/// directory of the upper levels; deeper ones count for the directory above.
class size_profile {
 public:
  /// Files of at least this size are remembered by name.
  static constexpr std::uint64_t large_file = 10'000'000;

  void add_file(std::string_view path, std::uint64_t bytes);
  /// `files` files of `bytes` together that lie in `directory` ("" is the root) itself.
  void add(std::string_view directory, std::uint64_t bytes, std::uint64_t files);
  /// One of them by name, in addition to add().
  void name_large_file(std::string_view path, std::uint64_t bytes);

  std::uint64_t bytes() const noexcept { return bytes_; }
  std::uint64_t files() const noexcept { return files_; }

  enum class weight { bytes, files };
  /// Up to `count` paths, heaviest first, none inside another, each with at least a twentieth of everything. A
  /// directory gives way to the one thing in it that has nearly all of its weight, so that the answer is
  /// "web/node_modules/" rather than "web/"; but never to something inside a directory that people leave out as a
  /// whole, such as node_modules.
  std::vector<heavy_path> heaviest(std::size_t count, weight by) const;

 private:
  struct totals {
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;
  };
  std::unordered_map<std::string, totals> directories_;
  std::vector<heavy_path> large_files_;
  std::uint64_t bytes_ = 0;
  std::uint64_t files_ = 0;
};

/// The line of a .dockerignore at the root of the tree that leaves out exactly this path; empty when the format cannot
/// say it (a line end in the name).
std::string ignore_line_for(std::string_view path);

}  // namespace peelbox::filesync
