// WebSocket on one stream, as client (RFC 6455): what Kubernetes carries exec and port-forward in.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"
#include "transport/http_message.hpp"
#include "transport/stream.hpp"

namespace peelbox::http {

struct websocket_request {
  std::string target = "/";
  std::string host = "localhost";
  /// Beside those of the handshake, such as Authorization.
  transport::http_headers headers;
  /// What is offered as Sec-WebSocket-Protocol, the dearest first: "v5.channel.k8s.io". Empty: none.
  std::vector<std::string> protocols;
};

/// How a peer refused the handshake; status 0: it did not.
struct websocket_refusal {
  int status = 0;
  std::string body;  ///< untrusted
};

struct websocket_limits {
  std::chrono::milliseconds handshake{30'000};  ///< from the first byte of the request to the last one of the reply
  std::size_t message = 4 << 20;                ///< bytes of one message that is read
  std::chrono::milliseconds stall{60'000};      ///< during which the peer takes nothing of what is written
  std::chrono::milliseconds close{5'000};       ///< for both halves of the closing handshake
  /// When nothing has come for so long the connection ends; after half of it the peer is pinged. Answers are seen by
  /// read(), so somebody has to read all the time. 0: silence is no error.
  std::chrono::milliseconds silence{0};
};

/// Binary messages in both directions. One read and one write may be under way at the same time, but not two of a kind.
/// Used on one thread. Pings of the peer are answered while somebody reads. Destruction closes the stream without a
/// closing handshake; no call may be under way then. After a failure or a cancellation only close() may be called.
class websocket {
 public:
  /// Does the handshake. A refusal carries the peer's status and own words: errc::permission for 401 and 403, not_found
  /// for 404, else connection. errc::protocol: what answers does not speak WebSocket, or chose a protocol that was not
  /// offered. errc::timed_out, usage (a character that a header must not have), and those of the stream. `refused` is filled
  /// where the peer answered with another status than 101; it must live until then.
  static task<result<std::unique_ptr<websocket>>> open(transport::stream_ptr on, websocket_request what,
                                                       websocket_limits most, websocket_refusal* refused = nullptr);
  ~websocket();
  websocket(const websocket&) = delete;
  websocket& operator=(const websocket&) = delete;

  /// The one of the offered protocols that the peer chose; empty: none, which it may. Whether that will do is the caller's
  /// decision.
  const std::string& protocol() const noexcept;

  /// The next message, which may be empty, valid until the next read(); std::nullopt: the peer closed the connection in
  /// order, as is, from then on, each further answer. errc::closed: the peer closed it and names an error; limit: the
  /// message is too large; protocol: also for a text message; timed_out (silence); connection; cancelled after close().
  task<result<std::optional<byte_view>>> read();

  /// Sends one message. Returns when the stream has taken it. errc::timed_out (stall), connection, closed (the peer has
  /// closed the connection) and cancelled. Copies the payload, because it has to be masked.
  task<result<void>> write(byte_chain message);

  /// Says goodbye, waits for the peer's (messages that come before it are dropped) and closes the stream, also when that
  /// fails: errc::timed_out, connection, protocol. A read that is under way ends. Nothing happens the second time.
  task<result<void>> close();

  /// Ends the connection at once, without a goodbye; a read or write that is under way ends with errc::cancelled.
  void abort() noexcept;

 private:
  struct state;
  explicit websocket(std::unique_ptr<state> with);
  std::unique_ptr<state> state_;
};

}  // namespace peelbox::http
