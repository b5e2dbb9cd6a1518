// A byte stream to a peer, whatever carries it.
#pragma once

#include <memory>
#include <string>

#include "engine/async/asio.hpp"
#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::transport {

/// One connection's bytes. Implementations: unix and TCP sockets, TLS, hijacked HTTP connections, child processes,
/// and the session tunnel inside a gRPC call.
///
/// One read and one write may be under way at the same time, but not two of a kind. Used on one thread. After a read or
/// write was cancelled, only close() may be called. The destructor closes.
class stream {
 public:
  virtual ~stream() = default;

  /// The next bytes, valid until the next read(). An empty view is the orderly end of the stream.
  /// Fails with errc::connection when the connection breaks and errc::cancelled after close().
  virtual task<result<byte_view>> read() = 0;

  /// Writes everything in gathered writes, without copying slices of byte_chain::copy_below bytes or more. Returns when
  /// the layer below has taken the bytes, which is the back-pressure.
  virtual task<result<void>> write(byte_chain bytes) = 0;

  /// Ends our direction: the peer sees an orderly end, and reads go on.
  virtual task<result<void>> shutdown_write() = 0;

  /// Ends both directions at once; a pending read or write ends with errc::cancelled.
  virtual void close() noexcept = 0;

  /// What messages call this connection: "unix:///run/…", "tcp://127.0.0.1:1234".
  virtual std::string describe() const = 0;
};

using stream_ptr = std::unique_ptr<stream>;

}  // namespace peelbox::transport
