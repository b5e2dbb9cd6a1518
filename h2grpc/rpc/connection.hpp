// One HTTP/2 connection on one stream: a reader, a writer, and the calls on it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "engine/async/asio.hpp"
#include "engine/async/failure.hpp"
#include "engine/async/log.hpp"
#include "h2grpc/h2/types.hpp"
#include "h2grpc/rpc/client_call.hpp"
#include "h2grpc/rpc/server_call.hpp"
#include "transport/stream.hpp"

namespace peelbox::h2grpc {

using h2::role;

struct connection_options {
  /// "outer" or "inner" in log lines.
  std::string name = "outer";
  /// `:authority` and `:scheme` of requests (client role).
  std::string authority = "localhost";
  std::string scheme = "http";
  /// The peer's SETTINGS must arrive within this time, else the peer does not speak HTTP/2.
  std::chrono::milliseconds handshake_limit{20'000};
  /// The connection ends with errc::timed_out when the peer says nothing for so long, although it is asked for a sign of
  /// life every five seconds of silence (more often when the limit is short).
  std::chrono::milliseconds silence_limit{60'000};
  /// Receive windows that we grant, per stream and for the connection.
  std::uint32_t stream_window = 4 << 20;
  std::uint32_t connection_window = 16 << 20;
  /// The most bytes of one gathered write. Bounds how long a PING ACK or an urgent reply waits behind bulk data.
  std::size_t write_budget = 256 << 10;
  /// A call's send() waits while more bytes than this are queued for the call.
  std::size_t call_high_water = 1 << 20;
  /// While all calls together have more than this queued, send() waits for its own call's last byte.
  std::size_t send_high_water = 64 << 20;
  /// Memory of received messages that nobody has taken yet, over all calls. Above the first the peer may send what is
  /// left of the connection's window until some are taken; the call that goes beyond the second, with messages that have
  /// not ended, is ended with resource_exhausted.
  std::size_t receive_high_water = 64 << 20;
  std::size_t receive_limit = 128 << 20;
  /// Calls that the peer may have under way at a time (server role).
  std::uint32_t max_concurrent_calls = 1000;
};

/// Shared: calls keep it alive. Everything runs on the executor of run().
class connection : public std::enable_shared_from_this<connection> {
 public:
  static std::shared_ptr<connection> create(role side, transport::stream_ptr stream, connection_options options,
                                            executor ex, const logger& log);
  virtual ~connection() = default;

  /// Reads and writes until the connection ends, and returns why: errc::closed after shutdown() or an orderly end by the
  /// peer, else what broke. All calls have ended by then. Cancelling run() closes the stream and ends all calls.
  virtual task<failure> run() = 0;

  /// Starts a call (client role). On a dead connection the call ends at once with unavailable.
  virtual client_call open(std::string path, metadata request, call_options options = {}) = 0;

  /// The next incoming call (server role); std::nullopt when the connection has ended.
  virtual task<std::optional<server_call>> accept() = 0;

  /// Sends GOAWAY; run() ends after the calls under way have ended.
  virtual void shutdown() = 0;

  /// Why the connection ended, once it has.
  virtual const std::optional<failure>& ended() const noexcept = 0;
};

}  // namespace peelbox::h2grpc
