// Control.ListenBuildHistory as a stream of events.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "h2grpc/rpc/connection.hpp"
#include "proto/control.pb.h"

namespace peelbox::client {

inline constexpr std::string_view listen_history_path = "/moby.buildkit.v1.Control/ListenBuildHistory";

/// BuildHistoryEvent.type of a build that has ended.
inline constexpr int history_complete = 1;

/// Gives every event to `take` until that returns false (then the status is OK) or the daemon ends the list.
task<grpc_status> read_history_stream(std::shared_ptr<h2grpc::connection> control,
                                      moby::buildkit::v1::BuildHistoryRequest request,
                                      std::function<bool(const moby::buildkit::v1::BuildHistoryEvent&)> take);

}  // namespace peelbox::client
