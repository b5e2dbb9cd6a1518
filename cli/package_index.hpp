// --package-index: a file, or a URL of which a copy is kept.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/blocking_pool.hpp"
#include "engine/detect/packages.hpp"

namespace peelbox::cli {

struct chosen_index {
  detect::package_index index = detect::package_index::built_in();
  std::vector<std::string> notes;  ///< for people: why it is not what was asked for
};

/// The directory of the copies: "peelbox/package-index" in XDG_CACHE_HOME, else in HOME/.cache; "" without either.
std::string index_cache_directory();

/// A URL is asked at most once in 24 hours, and only for something newer than the copy. When it cannot be reached, or
/// `offline` forbids it, the copy counts whatever its age; without a copy, the built-in table. Both add a note.
/// Failures: usage (a file that cannot be read or is no index, a URL that is none).
task<result<chosen_index>> choose_package_index(std::string where, bool offline, blocking_pool& pool);

}  // namespace peelbox::cli
