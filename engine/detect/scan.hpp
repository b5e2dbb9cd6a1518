// Phase 1: one parallel look at all names of a tree.
#pragma once

#include <memory>
#include <string_view>

#include "engine/async/failure.hpp"
#include "engine/detect/repository.hpp"
#include "engine/filesync/file_tree.hpp"
#include "engine/filesync/filter.hpp"

namespace peelbox::detect {

struct scan_options {
  unsigned threads = 4;
  std::size_t max_depth = 64;
  /// failure{limit} beyond.
  std::size_t max_entries = 20'000'000;
};

/// Directories that hold what tools made or fetched. They are listed, never entered.
bool is_never_entered(std::string_view name);

/// Lists what `rules` let pass, so the files that a build would send, and beside them the evidence that they leave out. No file is stat'ed, no link followed, sockets
/// and devices do not exist. What cannot be read below the root becomes a note. Blocks; starts threads of its own and
/// joins them.
result<repository> scan(std::shared_ptr<const filesync::file_tree> tree, std::shared_ptr<const filesync::filter> rules,
                        const scan_options& options);

}  // namespace peelbox::detect
