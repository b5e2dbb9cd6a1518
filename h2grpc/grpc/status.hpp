// The end of a call: grpc-status, grpc-message and details, and the status for ends that only HTTP/2 tells.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"
#include "h2grpc/h2/types.hpp"

namespace peelbox::h2grpc {

/// Codes of google.rpc.Code that we name.
enum class code : int {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

/// "NotFound", "DeadlineExceeded", "Canceled", … as grpc-go spells them; "Code(99)" for others.
std::string code_name(int code);

inline grpc_status make_status(code c, std::string message = {}) {
  return grpc_status{static_cast<int>(c), std::move(message), {}};
}

/// A status other than OK as failure{remote}: "what: NotFound: message"; as in buildctl, "Unknown: " is left out.
failure status_failure(const grpc_status& status, std::string_view what);

/// grpc-message: bytes outside printable ASCII and '%' become %XX. Decoding leaves what is not %XX as it is.
std::string percent_encode(std::string_view text);

/// grpc-status, grpc-message and, with details, grpc-status-details-bin.
void append_status(const grpc_status& status, h2::header_list& to);

/// std::nullopt: there is no grpc-status. Details that cannot be decoded are left out.
std::optional<grpc_status> parse_status(const h2::header_list& headers);

/// Wire form of google.rpc.Status{1 code, 2 message, 3 repeated Any{1 type_url, 2 value}}; unknown fields are skipped.
std::string encode_status_proto(const grpc_status& status);
std::optional<grpc_status> decode_status_proto(std::string_view bytes);

/// For a response without grpc-status (gRPC: http-grpc-status-mapping).
code code_of_http_status(int http_status) noexcept;

/// For a stream that the peer reset (PROTOCOL-HTTP2 of gRPC: "Errors").
code code_of_reset(h2::error_code reset) noexcept;

}  // namespace peelbox::h2grpc
