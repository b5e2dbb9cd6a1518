// One incoming gRPC call.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/async/asio.hpp"
#include "h2grpc/rpc/call.hpp"
#include "h2grpc/rpc/metadata.hpp"

namespace peelbox::h2grpc {

class call_state;

/// A handle on one call that the peer made. One coroutine may send while another receives.
/// Destroying an unfinished call answers with status Internal.
class server_call {
 public:
  explicit server_call(std::shared_ptr<call_state> state);
  server_call(server_call&&) noexcept;
  server_call& operator=(server_call&&) noexcept;
  ~server_call();

  /// "/package.Service/Method"
  const std::string& path() const noexcept;
  const metadata& request_metadata() const noexcept;

  /// Sends response metadata now; otherwise it goes with the first message.
  void send_initial_metadata(metadata m);
  /// As client_call::send.
  task<result<void>> send(byte_chain message);
  /// Sends many small messages at once: message i of `bytes` ends at ends[i]. As send() for each, but with one wait.
  task<result<void>> send_batch(byte_slice bytes, std::vector<std::uint32_t> ends);
  /// The next message, or std::nullopt when the caller has half-closed. errc::cancelled with origin::transport when
  /// the caller reset the stream.
  task<result<std::optional<byte_slice>>> receive();
  /// Ends the call with this status after what is queued. Further calls do nothing.
  void finish(grpc_status status, metadata trailing = {});
  /// Sends this call's messages before bulk data of other calls.
  void set_urgent();
  /// True when the caller reset the stream, its deadline passed, or the connection ended before finish().
  bool cancelled() const noexcept;
  /// Calls `react` once, when cancelled() becomes true. It must not destroy the call.
  void on_cancelled(std::function<void()> react);
  std::size_t queued() const noexcept;

 private:
  std::shared_ptr<call_state> state_;
};

}  // namespace peelbox::h2grpc
