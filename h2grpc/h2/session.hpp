// One HTTP/2 connection without I/O, in either role: bytes in and events out, intentions in and bytes out.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"
#include "h2grpc/h2/event.hpp"
#include "h2grpc/h2/types.hpp"

namespace peelbox::h2grpc::h2 {

struct session_options {
  role side = role::client;
  /// Receive windows that we grant, per stream and for the connection.
  std::uint32_t stream_window = 4 << 20;
  std::uint32_t connection_window = 16 << 20;
  /// Streams that the peer may have open at a time (server role).
  std::uint32_t max_concurrent_streams = 1000;
  /// The largest header list that we accept; larger ones reset their stream. It is generous, because errors carry stack
  /// traces and source files in trailers, and lists of patterns are headers too.
  std::size_t max_header_bytes = 16 << 20;
  /// Memory that the headers of all open streams may take together. HPACK lets a byte stand for kilobytes, so what was
  /// received says little. The stream whose headers go beyond it is reset with ENHANCE_YOUR_CALM.
  std::size_t max_headers_held = 64 << 20;
};

/// Wraps nghttp2. The owner calls feed() with what was read, handles the events, and writes what collect() returns.
/// All other functions only record an intention, which a later collect() carries out; on a stream that is gone they do
/// nothing. Not thread-safe; does not know the time.
///
/// Order of output: PING and SETTINGS acknowledgements, then headers, resets and window updates, then DATA; among
/// DATA, urgent streams first and all others in turn, frame by frame. DATA frames carry at most 16384 bytes whatever
/// the peer allows, because grpc-go refuses more (PROTOCOL.md 1.3).
///
/// Receive windows: bytes count against the stream's window until consume(). The connection's window is returned at
/// once, so a stream whose bytes nobody takes does not stop the others, unless the owner holds it back because all of them
/// together are too much.
class session {
 public:
  explicit session(const session_options& options);
  ~session();
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  /// Takes bytes of the peer and adds events. A failure ends the connection: errc::protocol when the peer does not speak
  /// HTTP/2. A violation by a peer that does is answered with GOAWAY in the next collect(), and failed() then tells why.
  result<void> feed(byte_view bytes);
  /// No more bytes will come. Returns a failure when the peer's first bytes were not HTTP/2.
  std::optional<failure> feed_end() const;

  /// Appends output until `out` has grown by `budget` bytes or nothing is left to send; may exceed the budget by one
  /// frame. Payload is moved, not copied. Adds events (stream_closed).
  void collect(byte_chain& out, std::size_t budget);
  /// Streams whose queue shrank in the last collect(), possibly repeated.
  const std::vector<stream_id>& drained() const noexcept;

  /// Moves the events since the last call into `events`, whose previous content is dropped.
  void take_events(std::vector<event>& events);

  /// Whether collect() would append anything.
  bool wants_write() const noexcept;
  /// What the peer did wrong, after our GOAWAY for it, or an internal error of nghttp2.
  const std::optional<failure>& failed() const noexcept;
  /// True when a GOAWAY was sent or received and all streams have ended: nothing more will be read or written.
  bool finished() const noexcept;

  /// Opens a stream (client role); 0 when no more can be opened on this connection.
  stream_id open(const header_list& headers, bool urgent);
  /// Answers a stream (server role). Without `end_stream`, write() and end() follow.
  void respond(stream_id id, const header_list& headers, bool end_stream);
  /// Queues bytes of the body.
  void write(stream_id id, byte_chain bytes);
  /// As write(), for a small piece that can wait for the next one: no frame is sent for it alone.
  void write_copy(stream_id id, byte_view bytes);
  /// Sends END_STREAM after what is queued.
  void end(stream_id id);
  /// Sends trailers with END_STREAM after what is queued; then, if the peer has not ended its half, RST_STREAM(NO_ERROR)
  /// (RFC 9113, 8.1).
  void end(stream_id id, header_list trailers);
  void reset(stream_id id, error_code code);
  /// Server role: this stream's DATA goes before that of streams that are not urgent.
  void set_urgent(stream_id id);
  /// The owner has taken `count` bytes of the stream, so the peer may send that many more.
  void consume(stream_id id, std::size_t count);
  /// While held, the peer may send no more than is left of the connection's window, whatever its streams have.
  void hold_connection_window(bool hold);
  /// Bytes queued and not yet collected: of one stream, of all.
  std::size_t queued(stream_id id) const noexcept;
  std::size_t queued() const noexcept;
  std::size_t streams() const noexcept;
  /// Asks the peer for a sign of life, which keeps proxies between us awake too: SETTINGS without a value, which has to be
  /// acknowledged at once (RFC 9113, 6.5.3). Not PING: grpc-go's servers end connections whose clients send one more
  /// often than every five minutes (http2_server.go, handlePing), and count no SETTINGS.
  void probe();
  /// Sends GOAWAY: no new streams; those under way go on.
  void go_away(error_code code, std::string_view debug);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace peelbox::h2grpc::h2
