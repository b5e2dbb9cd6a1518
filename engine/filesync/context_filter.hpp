// From a context source and a request to a tree and its rules.
#pragma once

#include <memory>
#include <string>

#include "engine/async/failure.hpp"
#include "engine/filesync/file_tree.hpp"
#include "engine/filesync/filter.hpp"
#include "engine/filesync/sender.hpp"

namespace peelbox::filesync {

struct opened_context {
  std::shared_ptr<const file_tree> tree;
  std::shared_ptr<const filter> rules;
};

/// Opens the root, reads the .dockerignore, follows followpaths and compiles all patterns. Blocks.
result<opened_context> open_context(const context_source& source, const request_filters& request);

struct path_decision {
  bool exists = false;
  bool sent = false;
  /// For people: the rule that leaves it out with file and line, or the parent directory that does.
  std::string why;
};
/// Whether a path of the context would be sent, and which rule decides if not. Blocks.
result<path_decision> explain_path(const context_source& source, const request_filters& request,
                                   const std::string& path);

}  // namespace peelbox::filesync
