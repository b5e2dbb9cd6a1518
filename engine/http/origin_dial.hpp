// A stream to an origin: TCP, a proxy when there is one, and TLS.
#pragma once

#include <optional>

#include "engine/http/message.hpp"
#include "engine/http/proxy.hpp"
#include "engine/http/url.hpp"
#include "transport/dialer.hpp"
#include "transport/tls_stream.hpp"

namespace peelbox::http {

struct origin_dial {
  /// For https origins; must be set for them.
  transport::tls_setup_ptr tls;
  /// For https proxies; must be set for them.
  transport::tls_setup_ptr proxy_tls;
  std::optional<proxy> through;
  transport::dial_limits limits;
};

/// Dials `to`. An http origin behind a proxy is the proxy itself, which is sent whole URLs (RFC 9112, 3.2.2). Failures: those
/// of dial() and start_tls(), and errc::connection for a proxy that refuses.
task<result<transport::stream_ptr>> dial_origin(origin_address to, origin_dial how);

/// Adds the login of a proxy.
void add_proxy_credentials(const proxy& through, transport::http_headers& headers);

}  // namespace peelbox::http
