// The HTTP/1.1 handshake after which a connection carries other bytes. Pure.
#pragma once

#include <string>
#include <string_view>

#include "transport/http_message.hpp"

namespace peelbox::transport {

/// What to ask for: POST /grpc and POST /session upgrade to "h2c", an exec of the Docker engine to "tcp".
struct upgrade_request {
  std::string target;
  std::string host = "localhost";
  std::string protocol = "h2c";
  http_headers headers;
  /// JSON, or empty.
  std::string body;
};

/// Request bytes out, reply bytes in. Sources: moby client/hijack.go, daemon/server/router/grpc and session.
class http_upgrade {
 public:
  explicit http_upgrade(upgrade_request request) : request_(std::move(request)) {}

  /// The bytes to send first.
  result<std::string> request_bytes() const;
  /// True when the connection is upgraded; leftover() then are its first bytes. A status other than 101 is a failure with
  /// the daemon's own words: errc::unsupported for 404 and 405 (it has no such thing), permission for 401 and 403, else
  /// errc::connection; errc::protocol when the peer does not speak HTTP.
  result<bool> feed(byte_view bytes);
  /// The peer closed the connection instead: always a failure.
  failure end();
  std::string take_leftover() { return reply_.take_leftover(); }

 private:
  failure refused() const;

  upgrade_request request_;
  http_reply reply_{64 << 10};
};

}  // namespace peelbox::transport
