// A BuildKit daemon that we are connected to.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/log.hpp"
#include "engine/async/task_group.hpp"
#include "engine/client/route.hpp"
#include "engine/client/version.hpp"
#include "h2grpc/rpc/connection.hpp"

namespace peelbox::client {

/// Bytes to and from a daemon, over all connections of one build, with what HTTP/2 adds and without what TLS adds.
struct traffic {
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

/// How long a daemon may say nothing, although it is asked every 5 s, before it counts as gone.
inline constexpr std::chrono::seconds default_silence_limit{60};

/// Dials and speaks HTTP/2 on one outer connection. The connection runs as a child of `group` until it ends or the
/// group is cancelled. Its end is not a failure of the group, because each call reports it. A daemon that says
/// nothing for `silence_limit` ends it. `name` is for the log ("outer"); `seen` is added to. Fails as route::control() does.
/// `group` and `log` must outlive the connection.
task<result<std::shared_ptr<h2grpc::connection>>> connect(task_group& group, std::shared_ptr<route> way,
                                                          std::shared_ptr<traffic> seen, std::string name,
                                                          const logger& log, std::chrono::seconds silence_limit = default_silence_limit);

/// Calls Control.Info. A daemon that does not have it (Unimplemented) is an answer too. Then, and when the version is not
/// known, asks the engine around it for the engine's version. Fails with errc::remote, connection, lost or timed_out.
task<result<daemon_version>> ask_version(std::shared_ptr<h2grpc::connection> control, std::shared_ptr<route> way);

/// Which program a daemon is. Untrusted text; what it does not tell is empty.
struct daemon_about {
  std::string package;
  std::string version;
  std::string revision;
  std::string dockerfile;  ///< version of the frontend that is built in
};
/// Calls Control.Info; fails as ask_version() does, also where it is not implemented.
task<result<daemon_about>> ask_about(std::shared_ptr<h2grpc::connection> control);

/// Connects, refuses a daemon that is too old, runs `use` with the outer connection, and disconnects. The first failure is the
/// result. `log` must outlive it.
task<result<void>> with_daemon(std::shared_ptr<route> way, const logger& log,
                               std::function<task<result<void>>(std::shared_ptr<h2grpc::connection> control)> use);

/// One worker of a daemon; the first one is the default.
struct worker {
  std::string id;
  std::map<std::string, std::string> labels;
  std::vector<std::string> platforms;  ///< "linux/amd64", …
  std::string version;

  /// dockerd's BuildKit with the containerd image store; without it, with graph drivers, there is no such label
  /// (moby, daemon/internal/builder-next/worker).
  bool has_snapshotter() const { return labels.contains("org.mobyproject.buildkit.worker.snapshotter"); }
};
/// Calls Control.ListWorkers; fails as ask_version() does.
task<result<std::vector<worker>>> list_workers(std::shared_ptr<h2grpc::connection> control);

}  // namespace peelbox::client
