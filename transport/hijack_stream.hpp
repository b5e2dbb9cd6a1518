// A connection taken over from HTTP/1.1.
#pragma once

#include <chrono>

#include "transport/http_upgrade.hpp"
#include "transport/stream.hpp"

namespace peelbox::transport {

/// Asks for the upgrade on `inner` and returns the stream that follows it. Bytes that came with the reply are read
/// first. Failures carry the connection's name and the daemon's words (http_upgrade); errc::timed_out after `limit`.
/// On failure and cancellation `inner` is closed.
task<result<stream_ptr>> hijack(stream_ptr inner, upgrade_request request, std::chrono::milliseconds limit);

/// `first` is read before what `inner` gives.
stream_ptr make_prefixed_stream(stream_ptr inner, std::string first);

}  // namespace peelbox::transport
