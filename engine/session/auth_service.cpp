#include "engine/session/auth_service.hpp"

#include <optional>
#include <utility>

#include "engine/session/token_authority.hpp"
#include "engine/session/unary_handler.hpp"
#include "proto/auth.pb.h"

namespace peelbox::session {

namespace {

namespace auth_wire = moby::filesync::v1;

grpc_status no_login(const failure& why) { return h2grpc::make_status(h2grpc::code::failed_precondition, why.text); }
/// Makes the daemon ask for Credentials instead.
grpc_status no_token() { return h2grpc::make_status(h2grpc::code::unavailable, "no token is configured for this registry"); }

task<grpc_status> credentials(h2grpc::server_call& call, auth_source source) {
  result<auth_wire::CredentialsRequest> request = co_await receive_request<auth_wire::CredentialsRequest>(call, "Auth/Credentials");
  if (request.has_error()) co_return no_request(request.error());
  result<registry_login> login = co_await source.login(request->host());
  if (login.has_error()) co_return no_login(login.error());
  auth_wire::CredentialsResponse reply;
  reply.set_username(login->username);
  reply.set_secret(login->secret);
  co_return co_await answer_with(call, std::move(reply));
}

/// The key of whoever has this login; std::nullopt: the daemon has to ask for Credentials.
std::optional<token_authority> authority_of(const auth_source& source, std::string_view host, const registry_login& login,
                                            std::string_view salt) {
  if (!login.bearer_token.empty()) return token_authority(login.bearer_token, salt);
  if (!source.fetch) return std::nullopt;
  // All who have no login are one.
  const bool known = !login.secret.empty();
  return token_authority(known ? source.stand_in(host, login) : std::string(), salt);
}

task<grpc_status> get_token_authority(h2grpc::server_call& call, auth_source source) {
  result<auth_wire::GetTokenAuthorityRequest> request =
      co_await receive_request<auth_wire::GetTokenAuthorityRequest>(call, "Auth/GetTokenAuthority");
  if (request.has_error()) co_return no_request(request.error());
  result<registry_login> login = co_await source.login(request->host());
  if (login.has_error()) co_return no_login(login.error());
  const auto authority = authority_of(source, request->host(), *login, request->salt());
  if (!authority) co_return no_token();
  auth_wire::GetTokenAuthorityResponse reply;
  reply.set_publickey(authority->public_key());
  co_return co_await answer_with(call, std::move(reply));
}

task<grpc_status> verify_token_authority(h2grpc::server_call& call, auth_source source) {
  result<auth_wire::VerifyTokenAuthorityRequest> request =
      co_await receive_request<auth_wire::VerifyTokenAuthorityRequest>(call, "Auth/VerifyTokenAuthority");
  if (request.has_error()) co_return no_request(request.error());
  result<registry_login> login = co_await source.login(request->host());
  if (login.has_error()) co_return no_login(login.error());
  const auto authority = authority_of(source, request->host(), *login, request->salt());
  if (!authority) co_return no_token();
  auth_wire::VerifyTokenAuthorityResponse reply;
  reply.set_signed_(authority->sign(request->payload()));
  co_return co_await answer_with(call, std::move(reply));
}

task<grpc_status> fetch_token(h2grpc::server_call& call, auth_source source) {
  result<auth_wire::FetchTokenRequest> request = co_await receive_request<auth_wire::FetchTokenRequest>(call, "Auth/FetchToken");
  if (request.has_error()) co_return no_request(request.error());
  result<registry_login> login = co_await source.login(request->host());
  if (login.has_error()) co_return no_login(login.error());
  fetched_token got;
  got.issued_at = std::chrono::system_clock::now();
  if (!login->bearer_token.empty()) {
    got.value = login->bearer_token;
  } else if (!source.fetch) {
    co_return no_token();
  } else {
    token_wish wish{request->host(), request->realm(), request->service(), {request->scopes().begin(), request->scopes().end()}, request->clientid()};
    auto fetching = source.fetch(std::move(wish), *login);
    result<fetched_token> fetched = co_await std::move(fetching);
    if (fetched.has_error()) co_return h2grpc::make_status(h2grpc::code::failed_precondition, fetched.error().text);
    got = std::move(*fetched);
  }
  auth_wire::FetchTokenResponse reply;
  reply.set_token(got.value);
  reply.set_expiresin(got.expires_in.count());
  reply.set_issuedat(std::chrono::duration_cast<std::chrono::seconds>(got.issued_at.time_since_epoch()).count());
  co_return co_await answer_with(call, std::move(reply));
}

}  // namespace

void add_auth_service(h2grpc::method_table& methods, auth_source source) {
  using handler = task<grpc_status> (*)(h2grpc::server_call&, auth_source);
  const auto add = [&](const char* path, handler run) {
    methods.add(path, [source, run](h2grpc::server_call& call) { return run(call, source); });
  };
  add("/moby.filesync.v1.Auth/Credentials", credentials);
  add("/moby.filesync.v1.Auth/FetchToken", fetch_token);
  add("/moby.filesync.v1.Auth/GetTokenAuthority", get_token_authority);
  add("/moby.filesync.v1.Auth/VerifyTokenAuthority", verify_token_authority);
}

attachable logins(auth_source source) {
  return [source = std::move(source)](h2grpc::method_table& methods) { add_auth_service(methods, source); };
}

}  // namespace peelbox::session
