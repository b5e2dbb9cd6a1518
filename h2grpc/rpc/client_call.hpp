// One outgoing gRPC call.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "engine/async/asio.hpp"
#include "h2grpc/rpc/call.hpp"
#include "h2grpc/rpc/metadata.hpp"

namespace peelbox::h2grpc {

class call_state;

/// A handle on one call. One coroutine may send while another receives, but not two of a kind.
/// Destroying the handle of an unfinished call resets the stream with CANCEL, and the daemon then cancels what the call
/// started. For a finished call it does nothing.
class client_call {
 public:
  explicit client_call(std::shared_ptr<call_state> state);
  client_call(client_call&&) noexcept;
  client_call& operator=(client_call&&) noexcept;
  ~client_call();

  /// Queues one message, then waits while more than the high-water mark is queued for this call. Fails when the call
  /// has ended; finish() then tells why.
  task<result<void>> send(byte_chain message);
  /// No more messages from us. What is queued is still sent.
  void half_close();
  /// The next message, or std::nullopt after the peer's last one; then finish() returns the status.
  task<result<std::optional<byte_slice>>> receive();
  /// Whether receive() would return a message without waiting.
  bool has_message() const noexcept;
  /// Lets messages gather, for readers to whom a wake-up for each costs more than some delay. Waits until about `bytes` are
  /// there (less than the receive window, or the peer stops before), the call has ended, or `limit` has passed; not at all
  /// if the first or second is so already. Counts as a receive(). When cancelled it ends at once.
  task<void> gather(std::size_t bytes, std::chrono::milliseconds limit);
  /// The response metadata; waits until it is there.
  task<result<metadata>> initial_metadata();
  /// Waits for the end of the call and drops messages that were not received. A reset or a lost connection becomes a
  /// status too (cancelled, unavailable, …), with the reason in its message.
  task<grpc_status> finish();
  /// Trailing metadata without the status; complete after finish().
  const metadata& trailing_metadata() const;
  /// Resets the stream with CANCEL. receive(), send() and finish() end at once.
  void cancel();
  /// Bytes queued and not yet given to the connection's writer.
  std::size_t queued() const noexcept;

 private:
  std::shared_ptr<call_state> state_;
};

}  // namespace peelbox::h2grpc
