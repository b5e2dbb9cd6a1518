// What `peelbox info` and `peelbox workers` tell about a daemon.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/log.hpp"
#include "engine/client/daemon.hpp"
#include "engine/client/route.hpp"

namespace peelbox::client {

struct daemon_report {
  std::string name;  ///< how it was reached
  daemon_version version;
  std::vector<worker> workers;
  /// Of the Docker engine whose BuildKit it is.
  std::optional<docker::engine_version> engine;
  std::optional<docker::engine_info> engine_info;
  /// Exporter types that it has (exporter/*, moby daemon/internal/builder/exporter).
  std::vector<std::string> outputs;
  bool attestations = false;
  /// Set when the daemon is too old, so that builds would be refused.
  std::optional<failure> refused;
};

/// Connects, asks and disconnects. A daemon that is too old gives a report; one that does not answer is a failure, as of
/// connect() and ask_version(). Cancelling disconnects. `log` must outlive it.
task<result<daemon_report>> inspect_daemon(std::shared_ptr<route> way, const logger& log);

/// Carries bytes both ways until `b` has ended; the end of `a` only closes that direction. The first failure of either stream
/// ends it. Both must outlive it, and after a failure or cancellation may only be closed.
task<result<void>> join_streams(transport::stream& a, transport::stream& b);

}  // namespace peelbox::client
