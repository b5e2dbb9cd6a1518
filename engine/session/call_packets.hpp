// Packets of file sync as messages of one gRPC call.
#pragma once

#include "engine/filesync/packet_channel.hpp"
#include "h2grpc/rpc/server_call.hpp"

namespace peelbox::session {

/// Each packet is one message. When the call is cancelled, both directions fail with errc::cancelled. Refers to `call`.
class call_packets final : public filesync::packet_channel {
 public:
  explicit call_packets(h2grpc::server_call& call) : call_(call) {}
  task<result<void>> send(byte_chain packet) override { return call_.send(std::move(packet)); }
  task<result<void>> send_batch(filesync::packet_batch batch) override {
    return call_.send_batch(std::move(batch.bytes), std::move(batch.ends));
  }
  task<result<std::optional<byte_slice>>> receive() override { return call_.receive(); }

 private:
  h2grpc::server_call& call_;
};

}  // namespace peelbox::session
