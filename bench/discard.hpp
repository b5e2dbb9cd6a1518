// A daemon that asks for a whole tree and discards it. It runs on a thread of its own and does as little as possible, so
// that a measurement shows the sender. It reads HTTP/2 with our own h2::session, which copies nothing, and keeps only small
// messages.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "h2grpc/h2/session.hpp"

namespace peelbox::bench {

/// Finds the messages of one gRPC stream in DATA frames, wherever those end.
class message_skimmer {
 public:
  /// Messages up to this size are handed over; of larger ones, only the bytes are counted.
  static constexpr std::size_t kept = 8 << 10;
  /// Calls `small` for each whole small message.
  void feed(byte_view bytes, const std::function<void(byte_view)>& small);

 private:
  std::string prefix_;
  std::string body_;
  std::size_t left_ = 0;
  bool skip_ = false;
};

/// Undoes the framing of the session tunnel: a gRPC prefix and a BytesMessage header before each piece.
class tunnel_skimmer {
 public:
  void feed(byte_view bytes, const std::function<void(byte_view)>& inside);

 private:
  std::string head_;
  std::size_t left_ = 0;
};

struct discarded {
  std::uint64_t files = 0;
  std::uint64_t entries = 0;
  std::uint64_t wire_bytes = 0;
  double cpu_seconds = 0;  ///< of the receiving thread
  std::string problem;     ///< empty: everything came and FIN was exchanged
};

/// Takes the tree "context" over the connected, blocking socket `fd` and closes it. With `tunnel` the socket carries the
/// control connection, on which the peer opens Control.Session; without it, the session itself.
/// Without `contents` only the list of entries is taken.
discarded discard_tree(int fd, bool tunnel, bool contents);

}  // namespace peelbox::bench
