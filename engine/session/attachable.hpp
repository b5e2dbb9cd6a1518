// What a session can be given to serve.
#pragma once

#include <functional>

#include "h2grpc/rpc/server.hpp"

namespace peelbox::session {

/// Adds the methods of one service. It is called once for each session of a build, so what the sessions share is owned
/// together, by what the function holds. Handlers run on the build's thread and are cancelled when the daemon gives the call up or
/// the session ends; what they hold lives until then.
using attachable = std::function<void(h2grpc::method_table& methods)>;

}  // namespace peelbox::session
