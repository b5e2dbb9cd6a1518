// grpc.health.v1: the daemon probes it every 5 s and drops a session that does not answer.
#pragma once

#include "h2grpc/rpc/server.hpp"

namespace peelbox::session {

/// Adds Health/Check, always SERVING and ahead of bulk data (session/grpc.go, monitorHealth).
void add_health_service(h2grpc::method_table& methods);

}  // namespace peelbox::session
