// TLS as a stream over another stream.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "transport/stream.hpp"
#include "transport/tls_options.hpp"

namespace peelbox::transport {

/// tls_options with their files read; can be used for several connections. Keeps no text of the key beside OpenSSL's own.
struct tls_setup;
using tls_setup_ptr = std::shared_ptr<const tls_setup>;
/// Reads and checks the files. errc::usage, not_found, permission, limit or tls.
result<tls_setup_ptr> prepare_tls(tls_options options);

/// Does the handshake as client over `inner` and verifies the peer for the server name of the options, or for `host`
/// when they have none. ALPN offers h2; a peer that selects something else is refused. Failures are errc::tls,
/// timed_out, connection and usage (an impossible name).
///
/// With TLS 1.3 a daemon that wants a client certificate says so only after the handshake. Then the first read() fails
/// with errc::tls, and so does a write() that breaks in the meantime, with the same reason.
task<result<stream_ptr>> start_tls(stream_ptr inner, tls_setup_ptr setup, std::string host,
                                   std::chrono::milliseconds handshake_limit);

}  // namespace peelbox::transport
