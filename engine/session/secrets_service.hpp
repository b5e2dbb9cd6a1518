// moby.buildkit.secrets.v1: what steps mount with --mount=type=secret, asked for when a step needs it.
#pragma once

#include <map>
#include <string>
#include <variant>

#include "engine/async/blocking_pool.hpp"
#include "engine/session/attachable.hpp"

namespace peelbox::session {

/// The reference client's limit (session/secrets/secretsprovider).
inline constexpr std::size_t largest_secret = 500u << 10;

struct secret_file {
  std::string path;
};
struct secret_value {
  std::string bytes;
};
/// A file is read each time that a step asks, so it may change during a build.
using secret_source = std::variant<secret_file, secret_value>;

/// id -> where its content is.
using secret_book = std::map<std::string, secret_source, std::less<>>;

/// Adds Secrets/GetSecret. An id that is not in the book is NotFound, which a step whose mount is optional takes for "none". A
/// file that is gone, unreadable or larger than largest_secret fails the step with the reason. Content goes into the reply
/// only, never into a message. `pool` must outlive the sessions.
attachable secrets(secret_book book, blocking_pool& pool);

}  // namespace peelbox::session
