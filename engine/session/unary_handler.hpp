// One request and one reply in a handler of ours.
#pragma once

#include <string>
#include <utility>

#include "h2grpc/rpc/server_call.hpp"
#include "h2grpc/rpc/typed.hpp"

namespace peelbox::session {

/// The only request; `name` ("Auth/Credentials") begins the messages.
template <class Request>
task<result<Request>> receive_request(h2grpc::server_call& call, std::string_view name) {
  result<std::optional<byte_slice>> message = co_await call.receive();
  if (message.has_error() || !message.value()) co_return failure(errc::protocol, "no request");
  co_return h2grpc::decode<Request>(**message, std::string(name));
}

/// Ends the handler: OK, or that nobody is there to take the reply.
template <class Reply>
task<grpc_status> answer_with(h2grpc::server_call& call, Reply reply) {
  result<void> sent = co_await call.send(h2grpc::encode(reply));
  if (sent.has_error()) co_return h2grpc::make_status(h2grpc::code::unavailable, sent.error().text);
  co_return grpc_status{};
}

inline grpc_status no_request(const failure& why) {
  return h2grpc::make_status(h2grpc::code::invalid_argument, why.text);
}

}  // namespace peelbox::session
