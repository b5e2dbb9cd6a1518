#include "engine/session/auth_service.hpp"

#include "h2grpc/rpc/typed.hpp"
#include "proto/auth.pb.h"

namespace peelbox::session {

namespace {

task<grpc_status> credentials(h2grpc::server_call& call, login_lookup lookup) {
  result<std::optional<byte_slice>> message = co_await call.receive();
  if (message.has_error() || !message.value())
    co_return h2grpc::make_status(h2grpc::code::invalid_argument, "no request");
  result<moby::filesync::v1::CredentialsRequest> request =
      h2grpc::decode<moby::filesync::v1::CredentialsRequest>(**message, "Auth/Credentials");
  if (request.has_error()) co_return h2grpc::make_status(h2grpc::code::invalid_argument, request.error().text);
  result<registry_login> login = co_await lookup(request->host());
  if (login.has_error()) co_return h2grpc::make_status(h2grpc::code::failed_precondition, login.error().text);
  moby::filesync::v1::CredentialsResponse reply;
  reply.set_username(login->username);
  reply.set_secret(login->secret);
  result<void> sent = co_await call.send(h2grpc::encode(reply));
  if (sent.has_error()) co_return h2grpc::make_status(h2grpc::code::unavailable, sent.error().text);
  co_return grpc_status{};
}

}  // namespace

void add_auth_service(h2grpc::method_table& methods, login_lookup lookup) {
  methods.add("/moby.filesync.v1.Auth/Credentials",
              [lookup = std::move(lookup)](h2grpc::server_call& call) { return credentials(call, lookup); });
}

}  // namespace peelbox::session
