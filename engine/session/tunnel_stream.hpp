// The session's byte stream inside one Control.Session call.
#pragma once

#include <string>

#include "h2grpc/rpc/client_call.hpp"
#include "transport/stream.hpp"

namespace peelbox::session {

/// Largest BytesMessage sent: daemons before v0.14 accept 4 MiB, and smaller ones keep latency low.
inline constexpr std::size_t max_tunnel_message = 1 << 20;

/// By how much one write of the inner connection has to be smaller than one of the outer, so that it fits into one there,
/// as one message: it may exceed its budget by a frame, and heads are added. What does not fit takes a write of its own.
inline constexpr std::size_t tunnel_write_slack = 17 << 10;

/// Each write becomes one BytesMessage (or several, when it is large) whose slices are passed on without a copy. read()
/// returns the bytes of one message. shutdown_write() half-closes the call, close() resets it (session/grpchijack/dial.go).
transport::stream_ptr make_tunnel_stream(h2grpc::client_call call, std::string name);

}  // namespace peelbox::session
