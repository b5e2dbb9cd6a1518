// Which daemon to talk to when nobody named one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/failure.hpp"
#include "engine/async/log.hpp"
#include "engine/client/route.hpp"
#include "transport/dialer.hpp"

namespace peelbox::client {

/// An address and where it comes from ("--buildkit", "BUILDKIT_HOST", "default socket").
struct candidate {
  std::string address;
  std::string source;
};

/// A named address is the only candidate; else the standalone daemon's sockets, of root and of the user, then the
/// BuildKit inside of the Docker engine.
std::vector<candidate> candidates(const std::optional<std::string>& flag, const environment& env);

/// A candidate that did not work, and why.
struct attempt {
  candidate what;
  std::string reason;
};

struct found_daemon {
  std::shared_ptr<route> way;
  /// As in `candidate`.
  std::string source;
  /// What was tried before.
  std::vector<attempt> tried;
  /// True when nobody asked for Docker's BuildKit, but no other was found.
  bool docker_as_fallback = false;
};

/// The first candidate that accepts a connection (Docker: that upgrades it). A named address is not tried, only
/// parsed: its errors come from the build itself. When none works the failure lists every attempt with its reason and
/// how to start a daemon: errc::connection; errc::usage for an address or TLS options that are wrong. Bounded by
/// `options.limits`; cancelling leaves no connection. `log` must outlive the route.
task<result<found_daemon>> find_daemon(std::optional<std::string> flag, environment env,
                                       transport::dial_options options, const logger& log);

}  // namespace peelbox::client
