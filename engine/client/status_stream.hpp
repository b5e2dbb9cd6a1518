// Control.Status: everything that a build reports.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/async/asio.hpp"
#include "engine/progress/event.hpp"
#include "h2grpc/rpc/connection.hpp"

namespace peelbox::client {

/// Gives each message of the build `ref` to `take`, until the daemon ends the stream or `take` returns false. Returns the
/// status of the call: OK after the last event. Has no limit for silence.
task<grpc_status> read_status_stream(std::shared_ptr<h2grpc::connection> control, std::string ref,
                                     std::function<task<bool>(progress::batch)> take);

}  // namespace peelbox::client
