// A BuildKit daemon that we are connected to.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/async/log.hpp"
#include "engine/async/task_group.hpp"
#include "engine/build/version.hpp"
#include "h2grpc/rpc/connection.hpp"
#include "transport/dialer.hpp"
#include "transport/endpoint.hpp"

namespace peelbox::build {

/// Bytes and time of what came from a daemon, over all connections of one build.
struct traffic {
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::chrono::steady_clock::time_point last_heard = std::chrono::steady_clock::now();
};

/// Dials and speaks HTTP/2 on one outer connection. The connection runs as a child of `group` until it ends or the
/// group is cancelled. Its end is not a failure of the group: calls report it, each in its own words.
task<result<std::shared_ptr<h2grpc::connection>>> connect(task_group& group, transport::endpoint to,
                                                          transport::dial_options options,
                                                          std::shared_ptr<traffic> seen, std::string name,
                                                          const logger& log);

/// Control.Info. A daemon without it (Unimplemented) is an answer too.
task<result<daemon_version>> ask_version(std::shared_ptr<h2grpc::connection> control);

}  // namespace peelbox::build
