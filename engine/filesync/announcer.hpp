// Turns the walker's runs into the list of entries as it goes over the wire.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/filesync/file_table.hpp"
#include "engine/filesync/fingerprint.hpp"
#include "engine/filesync/order_validator.hpp"
#include "engine/filesync/packet_channel.hpp"
#include "engine/filesync/transfer_stats.hpp"
#include "engine/filesync/walker.hpp"

namespace peelbox::filesync {

/// Gives ids, announces a withheld directory once something below it is sent, turns further names of a file into
/// hard links, and records what can be requested. Ids count all STAT packets of the stream
/// (fsutil/send.go).
class announcer {
 public:
  announcer(file_table& files, transfer_stats& stats) : files_(&files), stats_(stats) {}
  /// Makes no packets: for who wants to know what would be sent.
  explicit announcer(transfer_stats& stats) : stats_(stats) {}

  /// Everything that is announced from now on is added to it; it has to outlive this object.
  void describe_to(fingerprint& digest) noexcept { digest_ = &digest; }

  void add(const walk_run& run);
  /// The packet that ends the list.
  void finish();

  std::size_t pending_bytes() const noexcept { return packets_.size(); }
  bool pending() const noexcept { return !ends_.empty(); }
  /// What was added since the last call.
  packet_batch take();

 private:
  struct open_directory_state {
    std::string name;
    std::string packet;  // until it is sent
    std::size_t time_begin = 0;
    std::size_t time_size = 0;
    bool sent = true;
    bool in_table = false;
    file_table::directory in_files = file_table::root;
  };
  struct inode_key {
    std::uint64_t device;
    std::uint64_t inode;
    bool operator==(const inode_key&) const = default;
  };
  struct first_name {
    std::string path;
    std::int64_t mod_time = 0;  // as it was announced
  };
  struct inode_hash {
    std::size_t operator()(const inode_key& key) const noexcept {
      return static_cast<std::size_t>((key.inode ^ key.device << 48) * 0x9E3779B97F4A7C15U);
    }
  };

  void add_entry(const walk_chunk& chunk, const walk_entry& entry);
  void append(const stat_packet& packet, const file_numbers* contents = nullptr);
  void send_withheld();
  void add_file(const walk_chunk& chunk, const walk_entry& entry);
  file_table::directory current_directory();

  file_table* const files_ = nullptr;
  transfer_stats& stats_;
  fingerprint* digest_ = nullptr;
  std::uint32_t next_id_ = 0;
  std::vector<open_directory_state> around_;  // directories around the current entry, outermost first
  std::size_t sent_depth_ = 0;                // how many of them are sent, from the outermost on
  std::unordered_map<inode_key, first_name, inode_hash> first_names_;
  std::string packets_;
  std::vector<std::uint32_t> ends_;
#ifndef NDEBUG
  order_validator validator_;  // our own walk obeys the peer's rule
#endif
};

}  // namespace peelbox::filesync
