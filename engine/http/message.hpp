// A request and its reply as values.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/async/asio.hpp"
#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"
#include "transport/http_message.hpp"

namespace peelbox::http {

/// Gives the next piece of a request body; std::nullopt after the last one. A failure drops the connection, so that the
/// peer does not take what it got for the whole body.
using body_source = std::function<task<result<std::optional<byte_chain>>>()>;

/// Takes the body of a good reply as it comes. Not asked again before it has returned, which is the back-pressure. A
/// failure ends the exchange and is its result.
using body_sink = std::function<task<result<void>>(byte_view piece)>;

struct request {
  std::string method = "GET";
  std::string target = "/";
  std::string host = "localhost";
  transport::http_headers headers;
  /// Sent with its length.
  std::string body;
  /// Instead of `body`: sent in chunks as it comes.
  body_source streamed;
  /// Where the body of a reply with a status of 2xx goes instead of reply::body; others are always gathered.
  body_sink sink;
};

struct limits {
  std::chrono::milliseconds stall{60'000};  ///< during which the peer takes nothing of the request
  /// From the last byte of the request to the last one of the reply; with a sink to its head, and from one piece to the
  /// next one.
  std::chrono::milliseconds reply{30'000};
  std::size_t body = 4 << 20;  ///< bytes of the reply's body that are gathered
};

struct reply {
  int status = 0;
  std::string reason;
  transport::http_headers headers;
  std::string body;
  /// The peer's own words, when it refused the request.
  std::string words;

  bool ok() const noexcept { return status >= 200 && status < 300; }
  /// The first header of that name, whatever its case; empty when there is none.
  std::string_view header(std::string_view name) const noexcept;
};

/// "Basic dXNlcjpzZWNyZXQ=", the value of Authorization (RFC 7617).
std::string basic_credentials(std::string_view user, std::string_view secret);
/// "Bearer TOKEN" (RFC 6750).
std::string bearer_credentials(std::string_view token);

}  // namespace peelbox::http
