// Says when a context is large enough that a person should look at it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/filesync/measured_tree.hpp"
#include "engine/filesync/sender.hpp"

namespace peelbox::build {

/// One short sentence about a context of which `profile` is known and `sent` was transferred: its size, its heaviest
/// paths and the lines that leave them out. std::nullopt when little was sent: a large context that the daemon has
/// already costs nobody anything.
std::optional<std::string> large_context_warning(const filesync::transfer_stats& sent,
                                                 const filesync::size_profile& profile);

/// About files that somebody wrote to the end of meanwhile, such as a log in the context; std::nullopt when there is none.
std::optional<std::string> grown_files_warning(const filesync::transfer_stats& sent);

/// Measures the contexts of one build while they are sent.
class context_watch {
 public:
  using sources = std::map<std::string, std::shared_ptr<const filesync::context_source>>;

  /// The same sources, measured. Opens their roots, which blocks briefly; one that cannot be opened is left as it is, for
  /// the transfer to say so.
  sources measured(const sources& contexts);
  std::optional<std::string> warning(const filesync::transfer_stats& sent) const;

 private:
  std::shared_ptr<filesync::tree_measure> measure_ = std::make_shared<filesync::tree_measure>();
};

}  // namespace peelbox::build
