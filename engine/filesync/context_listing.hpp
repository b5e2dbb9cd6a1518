// Which files of a context would be sent and which not, for people.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/async/failure.hpp"
#include "engine/filesync/file_tree.hpp"
#include "engine/filesync/filter.hpp"
#include "engine/filesync/sender.hpp"

namespace peelbox::filesync {

struct listed_entry {
  std::string path;
  entry_kind kind = entry_kind::unknown;
  bool sent = false;
  std::uint64_t bytes = 0;  ///< of a regular file that is sent; 0 for further names of the same file
  /// Only when `left_out` was asked for.
  deciding_rule rule;
  std::string why;  ///< for people
};

struct listing_options {
  /// Also give what is left out (a directory without its content), and for every entry the rule that decided.
  bool left_out = false;
};

/// Walks the context as a transfer does and gives each entry to `use` in wire order. A directory that would be sent only
/// for something below it, but has nothing, comes after what was found in it.
/// Blocks until it is done or `use` returns false. Failures as for send_tree.
result<void> list_context(const context_source& source, const request_filters& request, listing_options options,
                          const std::function<bool(const listed_entry&)>& use);

}  // namespace peelbox::filesync
