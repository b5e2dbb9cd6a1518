#include "engine/session/tunnel_stream.hpp"

#include <utility>

#include "engine/session/bytes_message.hpp"

namespace peelbox::session {

namespace {

class tunnel_stream final : public transport::stream {
 public:
  tunnel_stream(h2grpc::client_call call, std::string name) : call_(std::move(call)), name_(std::move(name)) {}

  task<result<byte_view>> read() override {
    for (;;) {
      result<std::optional<byte_slice>> message = co_await call_.receive();
      if (message.has_error()) co_return why(message.error());
      if (!message.value()) {
        // The daemon ends this call to end the session. A status other than OK tells why.
        const grpc_status status = co_await call_.finish();
        if (!status.ok()) co_return failure(errc::connection, "session call ended: " + status.message, origin::peer);
        co_return byte_view();
      }
      result<byte_slice> data = decode_bytes_message(**message);
      if (data.has_error()) co_return data.error();
      if (data->empty()) continue;
      current_ = *data;
      co_return current_.view();
    }
  }

  task<result<void>> write(byte_chain bytes) override {
    while (!bytes.empty()) {
      byte_chain part;
      if (bytes.size() <= max_tunnel_message) part = std::move(bytes);
      else bytes.move_front(max_tunnel_message, part);
      result<void> sent = co_await call_.send(encode_bytes_message(std::move(part)));
      if (sent.has_error()) co_return why(sent.error());
    }
    co_return result<void>();
  }

  task<result<void>> shutdown_write() override {
    call_.half_close();
    co_return result<void>();
  }

  void close() noexcept override {
    closed_ = true;
    call_.cancel();
  }

  std::string describe() const override { return name_; }

 private:
  failure why(const failure& f) const {
    if (closed_) return failure(errc::cancelled, "the session was closed");
    if (f.code == errc::remote) return failure(errc::connection, f.text, f.who);
    return f;
  }

  h2grpc::client_call call_;
  std::string name_;
  byte_slice current_;
  bool closed_ = false;
};

}  // namespace

transport::stream_ptr make_tunnel_stream(h2grpc::client_call call, std::string name) {
  return std::make_unique<tunnel_stream>(std::move(call), std::move(name));
}

}  // namespace peelbox::session
