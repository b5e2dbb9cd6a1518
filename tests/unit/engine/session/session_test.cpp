#include "engine/session/session.hpp"

#include <gtest/gtest.h>

#include "engine/async/task_group.hpp"
#include "engine/session/auth_service.hpp"
#include "engine/session/health_service.hpp"
#include "h2grpc/rpc/typed.hpp"
#include "proto/auth.pb.h"
#include "proto/health.pb.h"
#include "tests/support/memory_stream.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/server_tunnel.hpp"

namespace peelbox::session {
namespace {

namespace health_v1 = grpc::health::v1;

/// What the fake daemon saw and did with the session.
struct daemon_notes {
  h2grpc::metadata headers;
  int health = -1;
  std::string user;
  std::string token;
  std::string key;
  std::size_t signed_size = 0;
  int no_token = -1;
  int unknown_method = -1;
};

task<result<void>> probe(std::shared_ptr<h2grpc::connection> inner, daemon_notes& notes) {
  auto health = co_await h2grpc::unary<health_v1::HealthCheckResponse>(inner, "/grpc.health.v1.Health/Check",
                                                                       health_v1::HealthCheckRequest());
  if (health.has_error()) co_return health.error();
  notes.health = health->status();
  moby::filesync::v1::CredentialsRequest question;
  question.set_host("registry.example");
  auto login = co_await h2grpc::unary<moby::filesync::v1::CredentialsResponse>(
      inner, "/moby.filesync.v1.Auth/Credentials", question);
  if (login.has_error()) co_return login.error();
  notes.user = login->username() + "/" + login->secret();
  // The order of util/resolver/authorizer.go: who has no key for a registry is asked for Credentials.
  moby::filesync::v1::GetTokenAuthorityRequest authority;
  authority.set_host("registry.example");
  authority.set_salt("salt");
  auto none = co_await h2grpc::unary<moby::filesync::v1::GetTokenAuthorityResponse>(
      inner, "/moby.filesync.v1.Auth/GetTokenAuthority", authority);
  notes.no_token = none.has_error() && none.error().status ? none.error().status->code : -1;
  authority.set_host("token.example");
  auto key = co_await h2grpc::unary<moby::filesync::v1::GetTokenAuthorityResponse>(
      inner, "/moby.filesync.v1.Auth/GetTokenAuthority", authority);
  if (key.has_error()) co_return key.error();
  notes.key = key->publickey();
  moby::filesync::v1::VerifyTokenAuthorityRequest verify;
  verify.set_host("token.example");
  verify.set_salt("salt");
  verify.set_payload("payload");
  auto proof = co_await h2grpc::unary<moby::filesync::v1::VerifyTokenAuthorityResponse>(
      inner, "/moby.filesync.v1.Auth/VerifyTokenAuthority", verify);
  if (proof.has_error()) co_return proof.error();
  notes.signed_size = proof->signed_().size();
  moby::filesync::v1::FetchTokenRequest fetch;
  fetch.set_host("token.example");
  auto token = co_await h2grpc::unary<moby::filesync::v1::FetchTokenResponse>(
      inner, "/moby.filesync.v1.Auth/FetchToken", fetch);
  if (token.has_error()) co_return token.error();
  notes.token = token->token();
  auto unknown = co_await h2grpc::unary<health_v1::HealthCheckResponse>(inner, "/moby.filesync.v1.Auth/NoSuchMethod",
                                                                        health_v1::HealthCheckRequest());
  notes.unknown_method = unknown.has_error() && unknown.error().status ? unknown.error().status->code : -1;
  co_return result<void>();
}

task<grpc_status> serve_session(h2grpc::server_call& call, daemon_notes& notes, const logger& log) {
  notes.headers = call.request_metadata();
  const executor ex = co_await asio::this_coro::executor;
  h2grpc::connection_options options;
  options.name = "daemon-inner";
  auto inner = h2grpc::connection::create(h2grpc::role::client, std::make_unique<test::server_tunnel>(call), options,
                                          ex, log);
  auto done = co_await task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn([](std::shared_ptr<h2grpc::connection> c) -> task<result<void>> {
      (void)co_await c->run();
      co_return result<void>();
    }(inner));
    auto probed = co_await probe(inner, notes);
    group.cancel();
    co_return probed;
  });
  if (done.has_error()) co_return h2grpc::make_status(h2grpc::code::unknown, done.error().text);
  co_return grpc_status{};
}

task<failure> run_against_daemon(daemon_notes& notes) {
  const logger log;
  const executor ex = co_await asio::this_coro::executor;
  test::memory_pair wire = test::make_memory_pair(ex);
  h2grpc::method_table daemon_methods;
  daemon_methods.add("/moby.buildkit.v1.Control/Session",
                     [&](h2grpc::server_call& call) { return serve_session(call, notes, log); });
  auto daemon = h2grpc::connection::create(h2grpc::role::server, std::move(wire.b), {}, ex, log);
  auto control = h2grpc::connection::create(h2grpc::role::client, std::move(wire.a), {}, ex, log);

  h2grpc::method_table services;
  add_health_service(services);
  auth_source logins_known;
  logins_known.login = [](std::string host) -> task<result<registry_login>> {
    co_return registry_login{"user-of-" + host, "secret", host == "token.example" ? "a.bearer.token" : ""};
  };
  add_auth_service(services, logins_known);
  session subject(identity{"an-id", "a-key"}, std::move(services), log);
  failure why(errc::internal, "");
  auto all = co_await task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn([](std::shared_ptr<h2grpc::connection> c, const h2grpc::method_table& m) -> task<result<void>> {
      (void)co_await h2grpc::serve(c, m);
      co_return result<void>();
    }(daemon, daemon_methods));
    group.spawn([](std::shared_ptr<h2grpc::connection> c) -> task<result<void>> {
      (void)co_await c->run();
      co_return result<void>();
    }(control));
    why = co_await subject.run(control);
    group.cancel();
    co_return result<void>();
  });
  EXPECT_TRUE(all.has_value());
  co_return why;
}

TEST(Session, ServesTheDaemonThroughTheTunnel) {
  daemon_notes notes;
  const failure why = test::run_task(run_against_daemon(notes));
  EXPECT_EQ(notes.headers.get("x-docker-expose-session-uuid"), "an-id");
  EXPECT_EQ(notes.headers.get("x-docker-expose-session-sharedkey"), "a-key");
  EXPECT_EQ(notes.headers.get_all("x-docker-expose-session-grpc-method"),
            (std::vector<std::string>{"/grpc.health.v1.Health/Check", "/moby.filesync.v1.Auth/Credentials",
                                      "/moby.filesync.v1.Auth/FetchToken", "/moby.filesync.v1.Auth/GetTokenAuthority",
                                      "/moby.filesync.v1.Auth/VerifyTokenAuthority"}));
  EXPECT_EQ(notes.health, health_v1::HealthCheckResponse::SERVING);
  EXPECT_EQ(notes.user, "user-of-registry.example/secret");
  EXPECT_EQ(notes.no_token, static_cast<int>(h2grpc::code::unavailable));
  EXPECT_EQ(notes.token, "a.bearer.token");
  EXPECT_EQ(notes.key.size(), 32u);
  EXPECT_EQ(notes.signed_size, 64u + 7u);
  EXPECT_EQ(notes.unknown_method, static_cast<int>(h2grpc::code::unimplemented));
  // The daemon ended the call in an orderly way, which is the end of the session.
  EXPECT_NE(why.code, errc::internal) << why.text;
}

}  // namespace
}  // namespace peelbox::session
