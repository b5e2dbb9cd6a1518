#include "engine/session/auth_service.hpp"

#include <memory>

#include "engine/session/token_authority.hpp"
#include "engine/session/unary_handler.hpp"
#include "proto/auth.pb.h"

namespace peelbox::session {

namespace {

namespace wire = moby::filesync::v1;

/// A daemon asks again when it has expired; this is what the reference client answers for a token of which it knows no
/// time (session/auth/authprovider).
constexpr int token_seconds = 60;

grpc_status no_login(const failure& why) { return h2grpc::make_status(h2grpc::code::failed_precondition, why.text); }
/// Makes the daemon ask for Credentials instead.
grpc_status no_token() { return h2grpc::make_status(h2grpc::code::unavailable, "no token is configured for this registry"); }

task<grpc_status> credentials(h2grpc::server_call& call, login_lookup lookup) {
  result<wire::CredentialsRequest> request = co_await receive_request<wire::CredentialsRequest>(call, "Auth/Credentials");
  if (request.has_error()) co_return no_request(request.error());
  result<registry_login> login = co_await lookup(request->host());
  if (login.has_error()) co_return no_login(login.error());
  wire::CredentialsResponse reply;
  reply.set_username(login->username);
  reply.set_secret(login->secret);
  co_return co_await answer_with(call, std::move(reply));
}

task<grpc_status> get_token_authority(h2grpc::server_call& call, login_lookup lookup) {
  result<wire::GetTokenAuthorityRequest> request =
      co_await receive_request<wire::GetTokenAuthorityRequest>(call, "Auth/GetTokenAuthority");
  if (request.has_error()) co_return no_request(request.error());
  result<registry_login> login = co_await lookup(request->host());
  if (login.has_error()) co_return no_login(login.error());
  if (login->bearer_token.empty()) co_return no_token();
  wire::GetTokenAuthorityResponse reply;
  reply.set_publickey(token_authority(login->bearer_token, request->salt()).public_key());
  co_return co_await answer_with(call, std::move(reply));
}

task<grpc_status> verify_token_authority(h2grpc::server_call& call, login_lookup lookup) {
  result<wire::VerifyTokenAuthorityRequest> request =
      co_await receive_request<wire::VerifyTokenAuthorityRequest>(call, "Auth/VerifyTokenAuthority");
  if (request.has_error()) co_return no_request(request.error());
  result<registry_login> login = co_await lookup(request->host());
  if (login.has_error()) co_return no_login(login.error());
  if (login->bearer_token.empty()) co_return no_token();
  wire::VerifyTokenAuthorityResponse reply;
  reply.set_signed_(token_authority(login->bearer_token, request->salt()).sign(request->payload()));
  co_return co_await answer_with(call, std::move(reply));
}

task<grpc_status> fetch_token(h2grpc::server_call& call, login_lookup lookup) {
  result<wire::FetchTokenRequest> request = co_await receive_request<wire::FetchTokenRequest>(call, "Auth/FetchToken");
  if (request.has_error()) co_return no_request(request.error());
  result<registry_login> login = co_await lookup(request->host());
  if (login.has_error()) co_return no_login(login.error());
  if (login->bearer_token.empty()) co_return no_token();
  wire::FetchTokenResponse reply;
  reply.set_token(login->bearer_token);
  reply.set_expiresin(token_seconds);
  co_return co_await answer_with(call, std::move(reply));
}

}  // namespace

void add_auth_service(h2grpc::method_table& methods, login_lookup lookup) {
  using handler = task<grpc_status> (*)(h2grpc::server_call&, login_lookup);
  const auto add = [&](const char* path, handler run) {
    methods.add(path, [lookup, run](h2grpc::server_call& call) { return run(call, lookup); });
  };
  add("/moby.filesync.v1.Auth/Credentials", credentials);
  add("/moby.filesync.v1.Auth/FetchToken", fetch_token);
  add("/moby.filesync.v1.Auth/GetTokenAuthority", get_token_authority);
  add("/moby.filesync.v1.Auth/VerifyTokenAuthority", verify_token_authority);
}

attachable logins(login_lookup lookup) {
  return [lookup = std::move(lookup)](h2grpc::method_table& methods) { add_auth_service(methods, lookup); };
}

}  // namespace peelbox::session
