// Requests to URLs: connections are kept and shared, redirections followed, proxies used.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "engine/http/message.hpp"
#include "engine/http/proxy.hpp"
#include "engine/http/url.hpp"
#include "transport/dialer.hpp"
#include "transport/tls_stream.hpp"

namespace peelbox::http {

struct client_options {
  /// For https; ALPN is set to http/1.1. Empty: the authorities of the system.
  transport::tls_options tls;
  transport::dial_limits dial;
  /// Where HTTPS_PROXY and the like are read; empty: no proxy.
  environment variables;
  /// More requests to one origin wait for one of these connections.
  std::size_t connections_per_origin = 8;
  /// A connection that nobody used for so long is closed, also when no other request comes. Servers close idle ones after
  /// 60 s and more.
  std::chrono::milliseconds idle_limit{30'000};
  /// More in a row are errc::protocol; 0: none is followed, each is the reply.
  int redirections = 10;
};

/// Opens a stream to an origin, TLS included. For origins that are not dialled in the usual way.
using dial_function = std::function<task<result<transport::stream_ptr>>(const origin_address& to)>;

/// May be used by several coroutines of one thread at a time; must outlive their calls.
class client {
 public:
  explicit client(client_options options);
  /// `dial` instead of TCP, TLS and proxies.
  client(client_options options, dial_function dial);
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Sends the request, whose `target` and `host` are set from `to`, and gives the reply behind all redirections. A
  /// redirection is followed for GET and HEAD, after 303 as GET, and for 307 and 308 where the body can be sent again;
  /// never from https to http; to another origin without Authorization and Cookie (RFC 9110, 15.4; fetch.spec.whatwg.org).
  /// Any other 3xx is the reply. A request without streamed body that meets a connection which was closed while idle is
  /// sent once more. Failures: those of connection::exchange and of dialling, errc::usage and tls.
  task<result<reply>> send(url to, request what, limits most);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace peelbox::http
