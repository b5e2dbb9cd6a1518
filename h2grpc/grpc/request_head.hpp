// The headers that open a call, and those that open its response.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "engine/async/failure.hpp"
#include "h2grpc/grpc/metadata.hpp"
#include "h2grpc/h2/types.hpp"

namespace peelbox::h2grpc {

struct request_head {
  /// "/package.Service/Method"
  std::string path;
  std::string authority = "localhost";
  std::string scheme = "http";
  std::optional<std::chrono::milliseconds> timeout;
  metadata custom;
};

/// In the order of PROTOCOL-HTTP2 of gRPC: "Requests".
h2::header_list make_request(const request_head& head);

/// A request that was not accepted: the headers that answer it, with END_STREAM, and the reason.
struct rejected_request {
  h2::header_list response;
  std::string reason;
};
/// Anything but POST is answered with 405, another content-type with 415, a malformed path with Unimplemented, a
/// malformed grpc-timeout with Internal.
std::variant<request_head, rejected_request> parse_request(const h2::header_list& headers);

/// The headers before a response's first message.
h2::header_list make_response(const metadata& custom);
/// A response without messages: head and status in one.
h2::header_list make_trailers_only(const grpc_status& status, const metadata& custom);
/// Status and metadata after the last message.
h2::header_list make_trailers(const grpc_status& status, const metadata& custom);

/// std::nullopt for a gRPC response; for others the status that corresponds to :status and content-type.
std::optional<grpc_status> check_response(const h2::header_list& headers);

/// "application/grpc", "application/grpc+proto", "application/grpc;…".
bool is_grpc_content_type(std::string_view value) noexcept;

}  // namespace peelbox::h2grpc
