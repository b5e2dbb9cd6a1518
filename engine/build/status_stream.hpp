// Control.Status: everything that a build reports.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/async/asio.hpp"
#include "engine/progress/event.hpp"
#include "h2grpc/rpc/connection.hpp"

namespace peelbox::build {

/// Hands each message of the build `ref` to `take`, until the daemon ends the stream or `take` gives false. The status
/// is that of the call; OK after the last event. Before a solve has ended any silence is fine.
task<grpc_status> read_status_stream(std::shared_ptr<h2grpc::connection> control, std::string ref,
                                     std::function<task<bool>(progress::batch)> take);

}  // namespace peelbox::build
