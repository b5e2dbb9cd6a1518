// Protobuf messages on top of raw calls.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "h2grpc/rpc/connection.hpp"

namespace peelbox::h2grpc {

template <class Message>
byte_chain encode(const Message& message) {
  std::string bytes;
  message.SerializeToString(&bytes);
  return byte_chain(byte_slice::of(std::move(bytes)));
}

template <class Message>
result<Message> decode(const byte_slice& bytes, std::string_view what) {
  Message message;
  if (bytes.size() > max_message_size || !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return failure(errc::protocol, std::string(what) + ": the peer's message cannot be decoded", origin::peer);
  return message;
}

/// One request, one reply.
template <class Reply, class Request>
task<result<Reply>> unary(std::shared_ptr<connection> on, std::string path, Request request, metadata request_metadata = {},
                          call_options options = {}) {
  client_call call = on->open(path, std::move(request_metadata), options);
  auto sent = co_await call.send(encode(request));
  call.half_close();
  std::optional<byte_slice> reply;
  if (sent.has_value()) {
    auto received = co_await call.receive();
    if (received.has_value()) reply = *received;
  }
  const grpc_status status = co_await call.finish();
  if (!status.ok()) co_return status_failure(status, path);
  if (!reply) co_return failure(errc::protocol, path + ": the peer ended the call without a reply", origin::peer);
  co_return decode<Reply>(*reply, path);
}

}  // namespace peelbox::h2grpc
