// Which proxy a request goes through, as curl and Go's net/http read it from the environment. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/async/environment.hpp"
#include "engine/http/url.hpp"

namespace peelbox::http {

struct proxy {
  origin_address where;
  /// "user:password" of the variable, decoded; empty: none. Never shown.
  std::string credentials;
};

/// HTTPS_PROXY for https, HTTP_PROXY for http, each also in lower case, which wins; std::nullopt: go directly. NO_PROXY
/// holds names, ".suffixes", addresses, "host:port", networks ("10.0.0.0/8") and "*", separated by commas. Loopback
/// addresses and "localhost" are never proxied (golang.org/x/net/http/httpproxy). HTTP_PROXY is not read where
/// REQUEST_METHOD is set, because a CGI request could have set it. errc::usage for a variable that is no http or https
/// URL; without a scheme it is http.
result<std::optional<proxy>> find_proxy(const origin_address& to, const environment& variables);

}  // namespace peelbox::http
