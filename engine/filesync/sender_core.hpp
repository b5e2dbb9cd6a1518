// What the sender of a tree decides from what the receiver says.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "engine/async/failure.hpp"
#include "engine/filesync/file_table.hpp"
#include "engine/filesync/packet.hpp"
#include "engine/filesync/transfer_stats.hpp"

namespace peelbox::filesync {

/// The sender's half of the state machine (fsutil/send.go). The driver announces files in the table, feeds
/// received packets, reads and sends the requested files in the given order, and answers FIN.
class sender_core {
 public:
  explicit sender_core(transfer_stats& stats) : stats_(stats) {}

  file_table& files() noexcept { return files_; }

  /// A packet of the receiver. failure{remote} for its ERR, failure{protocol} for a broken rule: an id that
  /// is no requestable file or was requested before, or FIN before everything was sent.
  result<void> received(const packet& p);

  /// All entries and the packet that ends the list are on their way.
  void list_finished() noexcept { list_finished_ = stats_.list_complete = true; }
  bool list_is_finished() const noexcept { return list_finished_; }
  /// The last packet of a file is on its way.
  void file_finished() noexcept {
    --owed_;
    ++stats_.files_transferred;
  }

  /// Requests in the order they came. Each file can be requested once, so the tree bounds the queue. It has to take all
  /// of them, because a receiver that cannot send its requests stops reading.
  bool has_request() const noexcept { return !requests_.empty(); }
  file_table::file next_request();

  /// The receiver has everything: answer with FIN and end.
  bool finished() const noexcept { return finished_; }

 private:
  transfer_stats& stats_;
  file_table files_;
  std::deque<std::uint32_t> requests_;  // positions in files_
  std::size_t owed_ = 0;  // files requested and not finished
  bool list_finished_ = false;
  bool finished_ = false;
};

}  // namespace peelbox::filesync
