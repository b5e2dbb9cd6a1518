// http and https URLs, as far as a client needs them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::http {

/// Where a request goes: two URLs of one origin may use one connection (RFC 9110, 4.3.1).
struct origin_address {
  bool tls = false;
  std::string host;  ///< lower case, IPv6 without brackets
  std::uint16_t port = 80;

  /// The Host header: the port only when it is not the scheme's own (RFC 9110, 7.2).
  std::string host_header() const;
  /// "https://host:port", for messages and as a key.
  std::string text() const;
  bool operator==(const origin_address&) const = default;
};

struct url {
  origin_address where;
  /// Path and query, at least "/".
  std::string target = "/";

  std::string text() const { return where.text() + target; }
};

/// errc::usage for what is no absolute http or https URL. Credentials in it are refused: they would end up in messages
/// and process lists. A fragment is dropped.
result<url> parse_url(std::string_view text);

/// What a Location header means when it comes as the reply to `from` (RFC 3986, 5.2): absolute, "//host/x", "/x", "?x" or
/// relative to the path of `from`.
result<url> resolve(const url& from, std::string_view reference);

}  // namespace peelbox::http
