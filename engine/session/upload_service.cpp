#include "engine/session/upload_service.hpp"

#include <utility>

#include "engine/session/bytes_message.hpp"
#include "engine/session/identity.hpp"

namespace peelbox::session {

namespace {

using h2grpc::code;
using h2grpc::make_status;

constexpr std::string_view host = "buildkit-session";

/// The last part of what the daemon asks for (urlpath), where it is a path.
std::string asked_name(const h2grpc::metadata& headers) {
  const std::string path(headers.get("urlpath").value_or(""));
  return path.substr(path.rfind('/') + 1);
}

task<grpc_status> pull(h2grpc::server_call& call, std::shared_ptr<upload> what) {
  const std::string name = asked_name(call.request_metadata());
  if (name.empty() || !what->url().ends_with('/' + name)) co_return make_status(code::not_found, "this session has no upload " + name);
  if (!what->take())
    co_return make_status(code::failed_precondition, "standard input was fetched already, and can be read only once; put it into a directory to build from that");
  for (;;) {
    result<byte_slice> piece = co_await what->next();
    if (piece.has_error()) co_return make_status(code::unknown, piece.error().text);
    if (piece->empty()) co_return grpc_status{};
    byte_chain message = encode_bytes_message(byte_chain(std::move(*piece)));
    result<void> sent = co_await call.send(std::move(message));
    if (sent.has_error()) co_return make_status(code::unavailable, sent.error().text);
  }
}

}  // namespace

upload::upload(std::string beginning, transport::stream_ptr rest)
    : url_("http://" + std::string(host) + '/' + random_id()), beginning_(std::move(beginning)), rest_(std::move(rest)) {}

task<result<byte_slice>> upload::next() {
  if (!beginning_.empty()) co_return byte_slice::of(std::exchange(beginning_, {}));
  if (!rest_) co_return byte_slice();
  result<byte_view> piece = co_await rest_->read();
  if (piece.has_error()) co_return piece.error().in("standard input");
  if (piece->empty()) {
    rest_.reset();
    co_return byte_slice();
  }
  // The view is valid until the next read only.
  co_return byte_slice::of(std::string(reinterpret_cast<const char*>(piece->data()), piece->size()));
}

attachable uploads(std::shared_ptr<upload> what) {
  return [what = std::move(what)](h2grpc::method_table& methods) {
    methods.add("/moby.upload.v1.Upload/Pull", [what](h2grpc::server_call& call) { return pull(call, what); });
  };
}

}  // namespace peelbox::session
