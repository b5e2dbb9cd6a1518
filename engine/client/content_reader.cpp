#include "engine/client/content_reader.hpp"

#include <fmt/format.h>

#include <utility>

#include "engine/oci/digest.hpp"
#include "h2grpc/rpc/typed.hpp"
#include "proto/content.pb.h"

namespace peelbox::client {

namespace content = containerd::services::content::v1;

task<result<void>> read_blob(std::shared_ptr<h2grpc::connection> control, std::string digest,
                             std::function<bool(std::string_view piece)> take) {
  constexpr std::string_view path = "/containerd.services.content.v1.Content/Read";
  const result<oci::digest_parts> known = oci::parse_digest(digest);
  if (known.has_error()) co_return known.error();
  content::ReadContentRequest request;
  request.set_digest(digest);
  h2grpc::client_call call = control->open(std::string(path), h2grpc::metadata());
  result<void> sent = co_await call.send(h2grpc::encode(request));
  call.half_close();
  oci::sha256 hash;
  bool wanted = true;
  while (sent.has_value() && wanted) {
    result<std::optional<byte_slice>> message = co_await call.receive();
    if (message.has_error() || !message.value()) break;
    result<content::ReadContentResponse> piece = h2grpc::decode<content::ReadContentResponse>(**message, path);
    if (piece.has_error()) co_return piece.error();
    hash.update(piece->data());
    wanted = take(piece->data());
  }
  if (!wanted) call.cancel();
  const grpc_status status = co_await call.finish();
  if (!wanted) co_return result<void>();
  if (!status.ok()) co_return h2grpc::status_failure(status, "its content");
  if (known->algorithm == "sha256" && hash.finish() != digest)
    co_return failure(errc::protocol, fmt::format("the daemon's content is not {}", digest), origin::peer);
  co_return result<void>();
}

}  // namespace peelbox::client
