// From a context source and a request to a tree and its rules.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"
#include "engine/filesync/file_tree.hpp"
#include "engine/filesync/filter.hpp"
#include "engine/filesync/sender.hpp"

namespace peelbox::filesync {

class entry_times;

struct opened_context {
  std::shared_ptr<const file_tree> tree;
  std::shared_ptr<const filter> rules;
  std::shared_ptr<const entry_times> times;  ///< nullptr: files are announced with their own
};

/// Opens the root, reads the .dockerignore, follows followpaths and compiles all patterns. Blocks.
result<opened_context> open_context(const context_source& source, const request_filters& request);

/// Why an entry is not sent that no rule leaves out.
inline constexpr std::string_view never_sent = "the daemon takes no entry of this name or type";

struct path_decision {
  bool exists = false;
  bool sent = false;
  /// The rule that decided. A directory that is left out as a whole decides for everything below it.
  deciding_rule rule;
  std::string decided_at;  ///< the path itself or such a directory; empty when it does not exist
  /// For people, of what is not sent: the rule, the directory when that is what decided, or what the entry is.
  std::string why;
};
/// Whether a path of the context would be sent, and which rule decides. Blocks.
result<path_decision> explain_path(const context_source& source, const request_filters& request,
                                   const std::string& path);

}  // namespace peelbox::filesync
