// What the two kinds of call have in common.
#pragma once

#include <chrono>
#include <optional>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"

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

/// "NotFound", "DeadlineExceeded", … as grpc-go spells them; "Code(99)" for others.
std::string code_name(int code);

inline grpc_status make_status(code c, std::string message = {}) {
  return grpc_status{static_cast<int>(c), std::move(message), {}};
}

/// Largest incoming message; larger ones fail the call with resource_exhausted (client/client.go).
inline constexpr std::size_t max_message_size = 16 << 20;

struct call_options {
  /// Sent as grpc-timeout and enforced here too.
  std::optional<std::chrono::milliseconds> deadline;
  /// Small replies that must not wait behind bulk data of other calls.
  bool urgent = false;
};

}  // namespace peelbox::h2grpc
