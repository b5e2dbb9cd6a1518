#include "engine/client/history_stream.hpp"

#include <utility>

#include "h2grpc/rpc/typed.hpp"

namespace peelbox::client {

namespace {

namespace wire_v1 = moby::buildkit::v1;

}  // namespace

task<grpc_status> read_history_stream(std::shared_ptr<h2grpc::connection> control, wire_v1::BuildHistoryRequest request,
                                      std::function<bool(const wire_v1::BuildHistoryEvent&)> take) {
  h2grpc::client_call call = control->open(std::string(listen_history_path), h2grpc::metadata());
  result<void> sent = co_await call.send(h2grpc::encode(request));
  call.half_close();
  while (sent.has_value()) {
    result<std::optional<byte_slice>> message = co_await call.receive();
    if (message.has_error() || !message.value()) break;
    result<wire_v1::BuildHistoryEvent> event =
        h2grpc::decode<wire_v1::BuildHistoryEvent>(**message, listen_history_path);
    if (event.has_error()) {
      call.cancel();
      co_return h2grpc::make_status(h2grpc::code::internal, event.error().text);
    }
    if (!take(*event)) {
      call.cancel();
      co_return grpc_status{};
    }
  }
  co_return co_await call.finish();
}

}  // namespace peelbox::client
