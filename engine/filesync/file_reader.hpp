// Reads requested files ahead on the pool and hands out finished DATA packets in order.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "engine/async/blocking_pool.hpp"
#include "engine/async/failure.hpp"
#include "engine/filesync/buffer_pool.hpp"
#include "engine/filesync/file_table.hpp"
#include "engine/filesync/packet_channel.hpp"
#include "engine/filesync/wakeup.hpp"

namespace peelbox::filesync {

struct read_options {
  std::size_t packet_size = 1024 * 1024;  ///< largest payload of a packet
  std::size_t ahead = 16 * 1024 * 1024;   ///< bytes read and not yet taken
  /// Also for files that do not ask for it: one that has grown, or another one in its place, is a failure.
  bool exact = false;
};

/// Contents are read behind room for the packet header, so that header and payload are one slice that is
/// never copied. Files that fit into one packet are read many at a time; larger ones in pieces, several at
/// the same time. Every file is checked against what was announced when it is opened and again after its last
/// byte was read: it is sent as announced or not at all. One that only grew is sent as far as it was announced.
///
/// Used on the network thread. The destructor abandons what is under way without waiting.
class file_reader {
 public:
  file_reader(std::shared_ptr<const file_tree> tree, blocking_pool& pool, std::shared_ptr<wakeup> wake,
              read_options options);
  ~file_reader();
  file_reader(const file_reader&) = delete;
  file_reader& operator=(const file_reader&) = delete;

  /// Whether another file may be added now.
  bool has_room() const noexcept;
  /// Files are read and handed out in the order they are added.
  void add(file_table::file file);
  /// Call it when there is nothing more to add for now. Starts reading what was held back to be read together, unless all
  /// threads have work from us; then that waits for more files or the next poll().
  void flush();

  struct piece {
    packet_batch packets;
    std::size_t files_ended = 0;
    std::uint64_t payload = 0;
    std::vector<std::string> grown;  ///< files that have more than was announced and sent
  };
  /// The next packets when they are ready. failure{context} names the file and what happened to it.
  std::optional<result<piece>> poll();
  bool idle() const noexcept { return jobs_.empty() && !batch_ && !large_; }

 private:
  struct job;
  struct small_files;
  struct large_file;
  struct large_piece;
  void start(std::shared_ptr<job> j);
  void start_batch();
  void continue_large();

  const std::shared_ptr<const file_tree> tree_;
  blocking_pool& pool_;
  const std::shared_ptr<wakeup> wake_;
  const read_options options_;
  buffer_pool buffers_;
  std::deque<std::shared_ptr<job>> jobs_;
  std::size_t bytes_ahead_ = 0;
  std::shared_ptr<small_files> batch_;  // being filled
  std::shared_ptr<large_file> large_;   // not all of its pieces are started
};

}  // namespace peelbox::filesync
