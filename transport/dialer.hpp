// Endpoint -> stream.
#pragma once

#include <chrono>

#include "transport/endpoint.hpp"
#include "transport/stream.hpp"
#include "transport/tls_options.hpp"

namespace peelbox::transport {

/// How long each stage may take. `connect` holds per address of a host.
struct dial_limits {
  std::chrono::milliseconds overall{20'000};
  std::chrono::milliseconds resolve{5'000};
  std::chrono::milliseconds connect{5'000};
  std::chrono::milliseconds handshake{10'000};
};

struct dial_options {
  /// Not empty: TLS. Possible with tcp:// only.
  tls_options tls;
  dial_limits limits;
};

/// Connects. Failures: errc::connection, not_found, permission, timed_out, tls, usage (wrong TLS options) and
/// unsupported (a scheme that this version cannot reach). Cancelling leaves nothing behind.
/// Both arguments are copied before it returns. Name the options first: GCC 12 destroys a braced temporary of a
/// co_await expression, as in `co_await dial(where, {})`, twice.
task<result<stream_ptr>> dial(const endpoint& where, const dial_options& options);

}  // namespace peelbox::transport
