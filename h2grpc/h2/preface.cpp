#include "h2grpc/h2/preface.hpp"

#include <algorithm>

namespace peelbox::h2grpc::h2 {

namespace {

constexpr std::string_view client_magic = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

bool one_begins_with_the_other(std::string_view a, std::string_view b) {
  const std::size_t n = std::min(a.size(), b.size());
  return a.substr(0, n) == b.substr(0, n);
}

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find_first_of("\r\n"))); }

}  // namespace

std::optional<std::string> not_http2(byte_view first, role ours, bool complete) {
  const std::string_view text = as_text(first.subspan(0, std::min(first.size(), preface_look)));
  if (text.empty()) return std::nullopt;
  // TLS records: 0x15 alert, 0x16 handshake, then the major version 3.
  if ((text[0] == 0x15 || text[0] == 0x16) && (text.size() == 1 || text[1] == 3)) {
    if (text.size() == 1 && !complete) return std::nullopt;
    return ours == role::client ? "the peer speaks TLS; use tls options" : "the peer speaks TLS, we do not here";
  }
  if (ours == role::server) {
    if (one_begins_with_the_other(text, client_magic)) return std::nullopt;
    return "the peer's first bytes are not HTTP/2: \"" + first_line(text) + "\"";
  }
  if (text[0] == 0) return std::nullopt;
  static constexpr std::string_view http1 = "HTTP/1.";
  if (one_begins_with_the_other(text, http1)) {
    const bool whole_line = text.find('\n') != std::string_view::npos || text.size() == preface_look;
    if (!whole_line && !complete) return std::nullopt;
    return "the peer answered HTTP/1.x: not a gRPC endpoint (\"" + first_line(text) + "\")";
  }
  return "the peer did not answer with HTTP/2 but with \"" + first_line(text) + "\": not a gRPC endpoint";
}

}  // namespace peelbox::h2grpc::h2
