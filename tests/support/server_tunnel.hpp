// The daemon's end of a session tunnel: a stream over one incoming Control.Session call.
#pragma once

#include "engine/session/bytes_message.hpp"
#include "h2grpc/rpc/server_call.hpp"
#include "transport/stream.hpp"

namespace peelbox::test {

class server_tunnel final : public transport::stream {
 public:
  explicit server_tunnel(h2grpc::server_call& call) : call_(call) {}

  task<result<byte_view>> read() override {
    result<std::optional<byte_slice>> message = co_await call_.receive();
    if (message.has_error()) co_return message.error();
    if (!message.value()) co_return byte_view();
    result<byte_slice> data = session::decode_bytes_message(**message);
    if (data.has_error()) co_return data.error();
    if (data->empty()) co_return failure(errc::protocol, "empty BytesMessage on the tunnel", origin::peer);
    current_ = *data;
    co_return current_.view();
  }
  task<result<void>> write(byte_chain bytes) override {
    co_return co_await call_.send(session::encode_bytes_message(std::move(bytes)));
  }
  task<result<void>> shutdown_write() override { co_return result<void>(); }
  void close() noexcept override { call_.finish(grpc_status{}); }
  std::string describe() const override { return "daemon's end of the tunnel"; }

 private:
  h2grpc::server_call& call_;
  byte_slice current_;
};

}  // namespace peelbox::test
