// A stream to a local socket.
#pragma once

#include <chrono>

#include "transport/endpoint.hpp"
#include "transport/stream.hpp"

namespace peelbox::transport {

/// Connects to `where` (scheme unix). Fails with errc::not_found, permission, connection or timed_out and says what
/// to look at. Cancellation leaves nothing behind.
task<result<stream_ptr>> connect_unix(endpoint where, std::chrono::milliseconds limit);

}  // namespace peelbox::transport
