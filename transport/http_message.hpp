// HTTP/1.1 as far as a client of local engines needs it: request heads out, one reply in. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::transport {

using http_headers = std::vector<std::pair<std::string, std::string>>;

/// The head of a request: request line, Host, User-Agent and `headers`, with the empty line. errc::usage when method,
/// target or a header holds a character that would end its line (RFC 9112).
result<std::string> http_request_head(std::string_view method, std::string_view target, std::string_view host,
                                      const http_headers& headers);

/// Percent-encodes everything but unreserved characters, for a path segment or a query value (RFC 3986).
std::string url_encode(std::string_view text);

/// One reply, fed in pieces of any size. Interim replies (100, 103) are skipped; 101 ends the reply with its head.
class http_reply {
 public:
  /// Bodies larger than `body_limit` bytes fail with errc::limit. `headless`: the reply to a HEAD request, which has no
  /// body whatever its headers say (RFC 9110, 9.3.2).
  explicit http_reply(std::size_t body_limit, bool headless = false);
  ~http_reply();
  http_reply(const http_reply&) = delete;
  http_reply& operator=(const http_reply&) = delete;

  /// True when the reply is complete; leftover() then is what follows it. errc::protocol when it is not HTTP.
  result<bool> feed(byte_view bytes);
  /// The peer ended the connection. True when that completes the reply (its body had no length).
  result<bool> end();

  /// These are valid once the head is complete; before, status() is 0.
  int status() const;
  std::string reason() const;
  bool has_head() const;
  http_headers headers() const;
  /// The peer keeps the connection for another request (RFC 9112, 9.3).
  bool keeps_connection() const;
  /// Empty when there is no such header; names are compared without case.
  std::string header(std::string_view name) const;
  const std::string& body() const;
  /// What has come of the body since the last call, for one that is not gathered.
  std::string take_body();
  std::string take_leftover();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// The daemon's own words of an error reply: "message" of Docker's JSON, else the first lines of the body, else the
/// reason of the status line. Text of the peer, at most about 1000 bytes.
std::string words_of_reply(const http_reply& reply);
/// The same of a reply that was read elsewhere.
std::string words_of_reply(std::string_view body, std::string_view reason);

}  // namespace peelbox::transport
