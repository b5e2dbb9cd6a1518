#include "engine/filesync/announcer.hpp"

#include <cassert>
#include <utility>

#include "engine/filesync/packet.hpp"

namespace peelbox::filesync {

void announcer::append(const stat_packet& packet, const file_numbers* contents) {
#ifndef NDEBUG
  const auto decoded = decode_packet(as_bytes(packet.bytes));
  assert(decoded && validator_.check(decoded->entry));
#endif
  if (digest_ != nullptr) digest_->add(packet, contents);
  if (files_ == nullptr) return;
  packets_ += packet.bytes;
  ends_.push_back(static_cast<std::uint32_t>(packets_.size()));
  ++next_id_;
}

void announcer::send_withheld() {
  for (; sent_depth_ < around_.size(); ++sent_depth_) {
    open_directory_state& d = around_[sent_depth_];
    if (d.sent) continue;
    append({d.packet, d.time_begin, d.time_size});
    ++stats_.directories;
    d.packet = std::string();
    d.sent = true;
  }
}

file_table::directory announcer::current_directory() {
  file_table::directory parent = file_table::root;
  std::size_t known = around_.size();
  while (known > 0 && !around_[known - 1].in_table) --known;
  if (known > 0) parent = around_[known - 1].in_files;
  for (; known < around_.size(); ++known) {
    parent = around_[known].in_files = files_->add_directory(parent, around_[known].name);
    around_[known].in_table = true;
  }
  return parent;
}

void announcer::add_file(const walk_chunk& chunk, const walk_entry& entry) {
  ++stats_.files;
  if (entry.several_names) {
    const auto decoded = decode_packet(as_bytes(chunk.packet(entry)));
    stat_entry stat = decoded->entry;
    const auto [first, is_first] = first_names_.try_emplace({entry.device, entry.inode}, first_name{stat.path, stat.mod_time});
    if (!is_first) {
      ++stats_.hard_links;
      stat.linkname = first->second.path;
      stat.mod_time = first->second.mod_time;
      std::string packet;
      const stat_packet_parts parts = append_stat_packet(packet, stat);
      append({packet, parts.time_begin, parts.time_end - parts.time_begin});
      return;
    }
  }
  stats_.bytes_listed += static_cast<std::uint64_t>(entry.size);
  const auto inode = entry.inode_counts ? static_cast<std::uint32_t>(entry.inode) : 0;
  if (files_ != nullptr)
    files_->add_file(next_id_, current_directory(), chunk.name(entry),
                     {entry.size, entry.mod_time, entry.change_time, inode}, entry.has_contents, entry.stands_for_contents);
  file_numbers contents{entry.mod_time, entry.change_time, entry.inode};
  // No file has the inode 0, so this is never what numbers of a file would be.
  if (entry.stands_for_contents) contents = {entry.announced_time, 0, 0};
  append(chunk.stat(entry), entry.has_contents ? &contents : nullptr);
}

void announcer::add_entry(const walk_chunk& chunk, const walk_entry& entry) {
  if (!entry.withheld) {
    send_withheld();
    if (entry.kind == entry_kind::regular) {
      add_file(chunk, entry);
    } else {
      if (entry.kind == entry_kind::directory) ++stats_.directories;
      if (entry.kind == entry_kind::symlink) ++stats_.links;
      if (entry.kind == entry_kind::other) ++stats_.others;
      append(chunk.stat(entry));
    }
  }
  if (entry.child == 0) return;
  open_directory_state d;
  d.name = std::string(chunk.name(entry));
  d.sent = !entry.withheld;
  if (entry.withheld) {
    const stat_packet packet = chunk.stat(entry);
    d.packet = std::string(packet.bytes);
    d.time_begin = packet.time_begin;
    d.time_size = packet.time_size;
  }
  around_.push_back(std::move(d));
}

void announcer::add(const walk_run& run) {
  if (run.chunk_begins) {
    stats_.considered += run.chunk->considered;
    stats_.excluded += run.chunk->excluded;
  }
  if (run.directory_begins) ++stats_.directories_read;
  around_.resize(run.depth);
  sent_depth_ = std::min(sent_depth_, run.depth);
  for (std::size_t i = run.first; i < run.last; ++i) add_entry(*run.chunk, run.chunk->entries[i]);
}

void announcer::finish() { ends_.push_back(static_cast<std::uint32_t>(packets_.size())); }

packet_batch announcer::take() {
  packet_batch batch{byte_slice::of(std::move(packets_)), std::move(ends_)};
  packets_.clear();
  ends_.clear();
  return batch;
}

}  // namespace peelbox::filesync
