// Reads a tree with several threads and hands its entries out in wire order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/blocking_pool.hpp"
#include "engine/async/failure.hpp"
#include "engine/filesync/file_tree.hpp"
#include "engine/filesync/filter.hpp"
#include "engine/filesync/packet.hpp"
#include "engine/filesync/wakeup.hpp"

namespace peelbox::filesync {

class entry_times;

struct walk_options {
  bool reset_owner = true;
  /// Bound of what is read ahead, in entries of usual size.
  std::size_t ahead = 16 * 1024;
  /// nullptr: modification times are announced as they are.
  std::shared_ptr<const entry_times> times = {};
};

/// One entry, already encoded. Positions are within walk_chunk::packets.
struct walk_entry {
  std::uint32_t packet_begin = 0;
  std::uint32_t packet_end = 0;
  std::uint32_t name_begin = 0;
  std::uint16_t name_size = 0;
  entry_kind kind = entry_kind::other;
  bool withheld = false;       ///< a directory that is sent only if something below it is
  bool several_names = false;  ///< a regular file with more than one link
  bool has_contents = false;   ///< a regular file; not a socket, which is announced as an empty one
  bool stands_for_contents = false;  ///< announced_time does: see entry_times.hpp
  bool inode_counts = true;
  std::uint8_t time_size = 0;  ///< of the field with the modification time, which begins at time_begin
  std::uint32_t time_begin = 0;
  std::int64_t size = 0;
  std::int64_t mod_time = 0;
  std::int64_t change_time = 0;
  std::int64_t announced_time = 0;  ///< of what has contents, for mod_time
  std::uint64_t inode = 0;
  std::uint64_t device = 0;
  std::uint64_t child = 0;  ///< not 0: a directory whose entries follow
};

/// Neighbouring entries of one directory.
struct walk_chunk {
  std::string packets;  ///< STAT packets, one after another
  std::vector<walk_entry> entries;
  std::uint64_t considered = 0;
  std::uint64_t excluded = 0;

  std::string_view packet(const walk_entry& e) const noexcept {
    return {packets.data() + e.packet_begin, e.packet_end - e.packet_begin};
  }
  stat_packet stat(const walk_entry& e) const noexcept {
    return {packet(e), e.time_begin - e.packet_begin, e.time_size};
  }
  std::string_view name(const walk_entry& e) const noexcept {
    return {packets.data() + e.name_begin, e.name_size};
  }
};

/// Entries first … last-1 of a chunk. Only the last of them can have entries below it; those are the next
/// run.
struct walk_run {
  std::shared_ptr<const walk_chunk> chunk;
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t depth = 0;  ///< directories around these entries, the root not counted
  bool chunk_begins = false;
  bool directory_begins = false;
};

/// Directories are listed and their entries judged, stat'ed and encoded on the pool, those that are needed
/// first first; the network thread only takes runs. What the filter skips is neither opened nor stat'ed. An
/// entry that vanishes meanwhile is left out. Left out as well: whatever has no type that the peer knows, and a
/// ".fsutil-metadata" at the root, which confuses the peer's count of entries (PROTOCOL 5.8). A socket is announced as
/// an empty regular file, as the reference does (fsutil/stat.go).
///
/// Memory is bounded by `ahead` plus the names of the directories on the way to the current entry.
/// The destructor abandons what is under way without waiting.
class walker {
 public:
  walker(std::shared_ptr<const file_tree> tree, std::shared_ptr<const filter> rules, blocking_pool& pool,
         std::shared_ptr<wakeup> wake, walk_options options);
  ~walker();
  walker(const walker&) = delete;
  walker& operator=(const walker&) = delete;

  enum class state { run, wait, end };
  /// The next run; `wait`: call again after the wakeup. failure{context} names the path that cannot be read
  /// and what to do, and ends the walk.
  result<state> poll(walk_run& run);

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

}  // namespace peelbox::filesync
