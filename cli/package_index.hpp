// --package-index: a file, or a URL of which a copy is kept.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/blocking_pool.hpp"
#include "engine/detect/packages.hpp"

namespace peelbox::cli {

struct chosen_index {
  detect::package_index index = detect::package_index::built_in();
  std::vector<std::string> notes;  ///< why it is not what was asked for
};

struct web_address {
  bool tls = false;
  std::string host;  ///< without brackets
  std::uint16_t port = 0;
  std::string target;     ///< path and query
  std::string authority;  ///< for the Host field
};

/// http:// and https:// without user names; failure{usage} shows an example.
result<web_address> parse_web_address(std::string_view url);

/// Where a redirection leads; std::nullopt when it is none that may be followed: another scheme, or from TLS to none.
std::optional<std::string> redirected(const std::string& url, std::string_view location);

/// Where copies live: XDG_CACHE_HOME, else .cache in HOME, with "peelbox/package-index"; "" without either.
std::string index_cache_directory();

/// A URL is asked at most once in 24 hours; then only for what is newer than the copy. When it cannot be reached, or
/// `offline` forbids it, the copy counts however old it is, and without one the built-in table, both with a note.
/// Failures: usage (a file that cannot be read or is no index, a URL that is none).
task<result<chosen_index>> choose_package_index(std::string where, bool offline, blocking_pool& pool);

}  // namespace peelbox::cli
