// The files that the peer may ask for, kept small: a tree may have a million of them.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/filesync/file_tree.hpp"

namespace peelbox::filesync {

/// About 40 bytes and the name for each file; directories only when they have files.
class file_table {
 public:
  using directory = std::uint32_t;
  static constexpr directory root = 0;

  file_table() : directories_(1) {}

  directory add_directory(directory parent, std::string_view name);
  /// `id` must be greater than those added before.
  /// Without contents it is a socket: the peer asks for it, and gets nothing.
  void add_file(std::uint32_t id, directory parent, std::string_view name, const file_identity& announced,
                bool has_contents = true, bool exact = false);

  struct file {
    std::uint32_t id = 0;
    std::string path;
    file_identity announced;
    bool has_contents = true;
    bool exact = false;  ///< nothing but the announced contents will do
  };
  /// The position of the file; std::nullopt for an id that is not a file or was requested before.
  std::optional<std::uint32_t> mark_requested(std::uint32_t id) noexcept;
  file at(std::uint32_t position) const;
  std::size_t size() const noexcept { return files_.size(); }

 private:
  struct name_ref {
    std::uint32_t block = 0;
    std::uint16_t offset = 0;
    std::uint16_t size = 0;
  };
  struct directory_record {
    directory parent = 0;
    name_ref name;
  };
  struct file_record {
    // A file_identity without its padding.
    std::int64_t size;
    std::int64_t mod_time;
    std::int64_t change_time;
    std::uint32_t inode;
    std::uint32_t id;
    directory parent;
    name_ref name;
    bool requested;
    bool has_contents;
    bool exact;
  };
  name_ref keep(std::string_view name);
  std::string_view text(const name_ref& name) const noexcept {
    return {blocks_[name.block].get() + name.offset, name.size};
  }

  static constexpr std::size_t block_size = 1 << 16;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t used_ = block_size;
  std::deque<directory_record> directories_;
  std::deque<file_record> files_;
};

}  // namespace peelbox::filesync
