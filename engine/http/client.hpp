// One HTTP/1.1 request and its reply on a stream.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "transport/http_message.hpp"
#include "transport/stream.hpp"

namespace peelbox::http {

/// The next piece of a request body; std::nullopt after the last one. A failure drops the connection, so that the peer
/// does not take what it got for the whole.
using body_source = std::function<task<result<std::optional<byte_chain>>>()>;

struct request {
  std::string method = "GET";
  std::string target = "/";
  std::string host = "localhost";
  transport::http_headers headers;
  /// Sent with its length.
  std::string body;
  /// Instead of `body`: sent in chunks as it comes.
  body_source streamed;
};

struct limits {
  std::chrono::milliseconds stall{60'000};  ///< during which the peer takes nothing of the request
  std::chrono::milliseconds reply{30'000};  ///< from the last byte of the request to the last one of the reply
  std::size_t body = 4 << 20;               ///< bytes of the reply's body
};

struct reply {
  int status = 0;
  std::string reason;
  std::string content_type;
  std::string location;  ///< of a redirection
  std::string body;
  /// Only of a refused request: the peer's own words.
  std::string words;

  bool ok() const noexcept { return status >= 200 && status < 300; }
};

/// Sends the request and gives the reply, whatever its status; the connection is not used again. A body that the peer
/// does not read to its end gives the peer's reply, if there is one. Failures: errc::connection, timed_out, protocol,
/// limit, and the failure of `streamed`.
task<result<reply>> exchange(transport::stream_ptr on, request what, limits most);

}  // namespace peelbox::http
