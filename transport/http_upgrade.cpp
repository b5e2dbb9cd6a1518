#include "transport/http_upgrade.hpp"

#include <fmt/format.h>

namespace peelbox::transport {

result<std::string> http_upgrade::request_bytes() const {
  http_headers headers = request_.headers;
  headers.emplace_back("Connection", "Upgrade");
  headers.emplace_back("Upgrade", request_.protocol);
  if (!request_.body.empty()) headers.emplace_back("Content-Type", "application/json");
  headers.emplace_back("Content-Length", std::to_string(request_.body.size()));
  result<std::string> head = http_request_head("POST", request_.target, request_.host, headers);
  if (head.has_error()) return head;
  return *head + request_.body;
}

failure http_upgrade::refused() const {
  const int status = reply_.status();
  errc code = errc::connection;
  if (status == 404 || status == 405) code = errc::unsupported;
  if (status == 401 || status == 403) code = errc::permission;
  return failure(code,
                 fmt::format("POST {} was answered with HTTP status {} instead of an upgrade to {}: {}",
                             request_.target, status, request_.protocol, words_of_reply(reply_)),
                 origin::peer);
}

result<bool> http_upgrade::feed(byte_view bytes) {
  result<bool> complete = reply_.feed(bytes);
  if (complete.has_error()) {
    // A refusal is a refusal even if its body is too long.
    if (complete.error().code == errc::limit && reply_.status() != 101) return refused();
    return complete.error().in("POST " + request_.target);
  }
  if (!*complete) return false;
  if (reply_.status() != 101) return refused();
  return true;
}

failure http_upgrade::end() {
  result<bool> complete = reply_.end();
  if (complete.has_error()) return complete.error().in("POST " + request_.target);
  return refused();
}

}  // namespace peelbox::transport
