// What one thread does for the walker: a slice of one directory.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/filesync/walker.hpp"

namespace peelbox::filesync {

/// What the walk needs everywhere; immutable and shared by all threads.
struct walk_context {
  std::shared_ptr<const file_tree> tree;
  std::shared_ptr<const filter> rules;
  walk_options options;
  /// Set when nobody wants the rest any more; nullptr: never.
  const std::atomic<bool>* stopped = nullptr;
};

/// A directory between its discovery and the end of its last slice.
struct walk_directory {
  std::string path;
  filter::scope scope;
  bool withheld = false;
  // Filled by open_and_list().
  std::unique_ptr<open_directory> handle;
  name_list names;
};

/// Opens and lists the directory and reads what git says in it. What cannot be read of a withheld directory, and
/// what is gone, leaves it empty, or without rules of its own. failure{context} otherwise.
result<void> open_and_list(const walk_context& context, walk_directory& directory);

struct walked_slice {
  std::shared_ptr<walk_chunk> chunk;
  /// Directories to look into; walk_entry::child is 1 + the index here.
  std::vector<std::shared_ptr<walk_directory>> children;
  /// Comes after the entries of the chunk.
  std::optional<failure> error;
};

/// Judges, stats and encodes names[begin, end). Thread-safe for different slices of one directory.
walked_slice walk_slice(const walk_context& context, const walk_directory& directory, std::size_t begin,
                        std::size_t end);

}  // namespace peelbox::filesync
