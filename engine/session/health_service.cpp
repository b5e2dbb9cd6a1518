#include "engine/session/health_service.hpp"

#include "h2grpc/rpc/typed.hpp"
#include "proto/health.pb.h"

namespace peelbox::session {

namespace {

task<grpc_status> check(h2grpc::server_call& call) {
  // The request names a service, but the answer is the same for all of them.
  grpc::health::v1::HealthCheckResponse reply;
  reply.set_status(grpc::health::v1::HealthCheckResponse::SERVING);
  result<void> sent = co_await call.send(h2grpc::encode(reply));
  if (sent.has_error()) co_return h2grpc::make_status(h2grpc::code::unavailable, sent.error().text);
  co_return grpc_status{};
}

}  // namespace

void add_health_service(h2grpc::method_table& methods) {
  methods.add("/grpc.health.v1.Health/Check", check, true);
}

}  // namespace peelbox::session
