// Caches in directories of this machine: what the daemon is told of them, and what is left in them.
#pragma once

#include <string>
#include <vector>

#include "engine/client/build.hpp"
#include "engine/session/content_service.hpp"

namespace peelbox::cli {

/// Whether the index of a layout, where there is one, can be added to: known before the build rather than after it. errc::context, and
/// those of files.
result<void> check_layout(const session::content_store& store);

/// What becomes of one export when the build has succeeded.
struct local_export {
  std::size_t service;  ///< position in build_options::services
  std::shared_ptr<const session::content_store> store;
  std::string tag;
  /// What no tag leads to any more is removed afterwards.
  bool reset = false;
  /// While it is open, no other build removes anything.
  std::shared_ptr<const unique_fd> held;
};

/// Prepares the local caches of all services: an import gets the digest that its tag leads to (client/solve.go); one that is not there
/// is dropped with a warning. Adds their stores to `stores`. Attributes that are the client's own are taken out. errc::usage
/// and those of files.
result<std::vector<local_export>> open_local_caches(std::vector<client::solve_request>& services, session::store_book& stores,
                                                    std::vector<std::string>& warnings);

/// Names what the build has exported, so that the next import finds it: until here the old cache is as it was. Then does what reset
/// asks for, where something was exported; what cannot be removed is only a warning (client/solve.go). Failures are those of files.
result<void> tag_local_caches(std::vector<local_export> exports, const client::build_outcome& outcome, std::vector<std::string>& warnings);

}  // namespace peelbox::cli
