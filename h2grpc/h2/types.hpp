// Types that HTTP/2 and gRPC share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peelbox::h2grpc::h2 {

enum class role { client, server };

/// Bytes that a client sends before its first frame (RFC 9113, 3.4).
inline constexpr std::size_t client_magic_size = 24;

/// Odd for streams that the client opened. Never used twice in one connection (RFC 9113, 5.1.1), so it is a safe key:
/// a lookup after the stream's end finds nothing.
using stream_id = std::int32_t;

struct header {
  std::string name;
  std::string value;
};
/// In wire order, pseudo headers first.
using header_list = std::vector<header>;

/// The value of the first header of this name; nullptr when there is none.
inline const std::string* find(const header_list& headers, std::string_view name) noexcept {
  for (const header& h : headers)
    if (h.name == name) return &h.value;
  return nullptr;
}

/// RFC 9113, 7.
enum class error_code : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  settings_timeout = 4,
  stream_closed = 5,
  frame_size_error = 6,
  refused_stream = 7,
  cancel = 8,
  compression_error = 9,
  connect_error = 10,
  enhance_your_calm = 11,
  inadequate_security = 12,
  http_1_1_required = 13,
};

/// "ENHANCE_YOUR_CALM"; "error 99" for codes outside the table.
inline std::string to_string(error_code code) {
  static constexpr std::string_view names[] = {
      "NO_ERROR",      "PROTOCOL_ERROR", "INTERNAL_ERROR",    "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
      "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM",  "CANCEL",             "COMPRESSION_ERROR",
      "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"};
  const auto number = static_cast<std::uint32_t>(code);
  if (number < std::size(names)) return std::string(names[number]);
  return "error " + std::to_string(number);
}

}  // namespace peelbox::h2grpc::h2
