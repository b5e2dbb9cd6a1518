// Tells people when a context is so large that they should look at it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/filesync/measured_tree.hpp"
#include "engine/filesync/sender.hpp"

namespace peelbox::client {

/// One short sentence about a context with this `profile`, of which `sent` was transferred: its size, its largest paths
/// and the lines that leave them out. std::nullopt when little was sent: a large context that the daemon has already
/// costs nothing.
std::optional<std::string> large_context_warning(const filesync::transfer_stats& sent,
                                                 const filesync::size_profile& profile);

/// About files that somebody wrote to the end of meanwhile, such as a log in the context; std::nullopt when there is none.
std::optional<std::string> grown_files_warning(const filesync::transfer_stats& sent);

/// Measures the contexts of one build while they are sent.
class context_watch {
 public:
  using sources = std::map<std::string, std::shared_ptr<const filesync::context_source>>;

  /// The same sources, measured. Opens their roots, which blocks briefly. One that cannot be opened is not measured, and
  /// the transfer will report it.
  sources measured(const sources& contexts);
  std::optional<std::string> warning(const filesync::transfer_stats& sent) const;

 private:
  std::shared_ptr<filesync::tree_measure> measure_ = std::make_shared<filesync::tree_measure>();
};

}  // namespace peelbox::client
