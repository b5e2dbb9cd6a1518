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

/// Connects; podman-container://, nerdctl-container://, kube-pod:// and ssh:// by their programs. Failures:
/// errc::connection, not_found, permission, timed_out, tls, usage (wrong TLS options), unsupported (npipe://), and
/// internal for docker://, docker-container:// and spawn:, which engine/build resolves. Cancelling leaves nothing behind.
/// Both arguments are copied before it returns. Name the options first: GCC 12 destroys a braced temporary of a
/// co_await expression, as in `co_await dial(where, {})`, twice.
task<result<stream_ptr>> dial(const endpoint& where, const dial_options& options);

}  // namespace peelbox::transport
