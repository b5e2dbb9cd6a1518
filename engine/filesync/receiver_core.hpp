// What the receiver of a tree decides from what the sender says.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"
#include "engine/filesync/order_validator.hpp"
#include "engine/filesync/packet.hpp"
#include "engine/filesync/stat.hpp"
#include "engine/filesync/transfer_stats.hpp"

namespace peelbox::filesync {

/// One thing to do on disk. Steps are done in the order they come.
struct disk_step {
  enum class kind { make_entry, begin_file, write, end_file };
  kind what = kind::make_entry;
  std::uint32_t id = 0;
  stat_entry entry;  ///< make_entry: anything without data (a hard link too); begin_file: the file
  byte_slice data;   ///< write
};

/// The receiver's half of the state machine (fsutil/receive.go), for a receiver that wants every file. The
/// driver feeds packets, does the steps, sends the requests, and FIN when complete() and everything is on
/// disk.
class receiver_core {
 public:
  explicit receiver_core(transfer_stats& stats) : stats_(stats) {}

  /// Files under way at a time. The reference sender stops reading requests at 128 and reads four files at a time. More
  /// than four keep a connection with a long delay busy with small files, and our side is still bounded.
  static constexpr std::size_t max_under_way = 512;

  /// Takes a packet and the message that it was decoded from, which its data refers to. Appends the steps that follow
  /// from it. failure{remote} for the sender's ERR, failure{protocol} for a broken rule.
  template <class Steps>
  result<void> received(packet&& p, const byte_slice& message, Steps& steps) {
    return handle(std::move(p), message, [&](disk_step&& step) { steps.push_back(std::move(step)); });
  }

  /// The next file to ask for; std::nullopt when there is none now.
  std::optional<std::uint32_t> next_request();

  /// The list and all files came completely.
  bool complete() const noexcept { return list_complete_ && files_.empty(); }
  bool got_fin() const noexcept { return got_fin_; }

 private:
  template <class Emit>
  result<void> handle(packet&& p, const byte_slice& message, Emit emit);
  result<std::optional<disk_step>> announced(stat_entry&& entry);

  struct file {
    stat_entry entry;
    bool requested = false;
    bool begun = false;
    std::uint64_t received = 0;  // bytes
  };
  result<file*> file_of(std::uint32_t id);
  static failure wrong_size(const file& f);
  static failure broken(std::string text) { return failure(errc::protocol, std::move(text), origin::peer); }

  transfer_stats& stats_;
  order_validator validator_;
  std::uint32_t next_id_ = 0;
  std::unordered_map<std::uint32_t, file> files_;  // announced and not complete
  std::deque<std::uint32_t> to_request_;           // bounded by the tree
  std::size_t under_way_ = 0;
  bool list_complete_ = false;
  bool got_fin_ = false;
};

template <class Emit>
result<void> receiver_core::handle(packet&& p, const byte_slice& message, Emit emit) {
  switch (p.type) {
    case packet_type::stat: {
      if (list_complete_) return broken("the sender announced an entry after the end of its list");
      if (!p.has_entry) {
        list_complete_ = stats_.list_complete = true;
        return {};
      }
      auto step = announced(std::move(p.entry));
      if (!step) return step.error();
      if (*step) emit(std::move(**step));
      return {};
    }
    case packet_type::data: {
      const auto found = file_of(p.id);
      if (!found) return found.error();
      file& f = **found;
      disk_step step;
      step.id = p.id;
      if (!f.begun) {
        f.begun = true;
        step.what = disk_step::kind::begin_file;
        step.entry = f.entry;
        emit(std::move(step));
        step = disk_step();
        step.id = p.id;
      }
      f.received += p.data.size();
      const auto announced_size = static_cast<std::uint64_t>(std::max<std::int64_t>(f.entry.size, 0));
      if (f.received > announced_size || (p.data.empty() && f.received < announced_size)) return wrong_size(f);
      if (p.data.empty()) {
        step.what = disk_step::kind::end_file;
        emit(std::move(step));
        files_.erase(p.id);
        --under_way_;
        ++stats_.files_transferred;
        return {};
      }
      step.what = disk_step::kind::write;
      step.data = message.sub(static_cast<std::size_t>(p.data.data() - message.data()), p.data.size());
      stats_.bytes_transferred += p.data.size();
      emit(std::move(step));
      return {};
    }
    case packet_type::fin:
      if (!complete()) return broken("the sender ended the transfer before everything was sent");
      got_fin_ = true;
      return {};
    case packet_type::error: {
      failure f(errc::remote, "error from sender: " + std::string(p.text()), origin::peer);
      f.status = std::make_shared<const grpc_status>(grpc_status{2, std::string(p.text()), {}});
      return f;
    }
    case packet_type::request:
      return broken("the sender sent a packet that only we may send");
  }
  return {};  // a type of a newer protocol: the reference ignores it as well
}

}  // namespace peelbox::filesync
