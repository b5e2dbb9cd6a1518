// What carries file-sync packets: a gRPC call in the product, a pair of queues in tests.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::filesync {

/// Several encoded packets one after another in `bytes`; packet i ends at ends[i]. Entries of a tree are
/// announced by one small packet each, and small files come with two, so they travel in batches on our side.
/// On the wire each packet is still one message.
struct packet_batch {
  byte_slice bytes;
  std::vector<std::uint32_t> ends;
};

/// One encoded Packet (fsutil/types/wire.proto) = one message. An encoded packet may be empty: that is the
/// end of the list of entries. Used from the network thread. At most one send and one receive are under way
/// at a time; they run beside each other, and neither may wait for the other.
class packet_channel {
 public:
  virtual ~packet_channel() = default;

  /// Takes the packet and waits while the carrier's queue is full (back-pressure). Payload is referenced until it is
  /// written, never copied. Fails with what ended the carrier. When cancelled, unwinds with operation_aborted; the
  /// packet may or may not have been queued.
  virtual task<result<void>> send(byte_chain packet) = 0;

  /// The same as send() for each packet of the batch. An implementation that can frame many small messages in
  /// one go overrides it. A batch is either a few hundred small packets in some 64 KiB, or packets with file
  /// contents: then the large ones among them should be referenced, not copied.
  virtual task<result<void>> send_batch(packet_batch batch) {
    std::size_t begin = 0;
    for (const std::uint32_t end : batch.ends) {
      byte_chain packet(batch.bytes.sub(begin, end - begin));
      result<void> sent = co_await send(std::move(packet));
      if (!sent) co_return sent.error();
      begin = end;
    }
    co_return result<void>();
  }

  /// The next packet of the peer as one contiguous slice; std::nullopt when the peer half-closed in an
  /// orderly way. Fails with what ended the carrier (a reset by the peer, a lost connection).
  virtual task<result<std::optional<byte_slice>>> receive() = 0;
};

}  // namespace peelbox::filesync
