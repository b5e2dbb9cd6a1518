#include "engine/filesync/fingerprint.hpp"

#include <algorithm>

namespace peelbox::filesync {

namespace {

/// Another scheme has another name, so that it never meets a digest of this one.
constexpr std::string_view scheme = "peelbox context 1";
/// Many entries are one step of the hash.
constexpr std::size_t step = 64 * 1024;

/// Behind the tag and the length of the only field.
std::size_t body_of(std::string_view packet) noexcept {
  std::size_t at = 1;
  while (at < packet.size() && (static_cast<unsigned char>(packet[at]) & 0x80) != 0) ++at;
  return at + 1;
}

}  // namespace

// Every text has its length before it, so that no two sequences of entries are the same bytes.
fingerprint::fingerprint(std::string_view name, const std::vector<std::string>& include,
                         const std::vector<std::string>& exclude, const std::vector<std::string>& follow_paths) {
  pending_.reserve(step + 8 * 1024);
  put_text(scheme);
  put_text(name);
  put_list(include);
  put_list(exclude);
  put_list(follow_paths);
}

void fingerprint::put_number(std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) pending_ += static_cast<char>(value >> shift);
}

void fingerprint::put_text(std::string_view text) {
  put_number(text.size());
  pending_ += text;
}

void fingerprint::put_list(const std::vector<std::string>& list) {
  put_number(list.size());
  for (const std::string& text : list) put_text(text);
}

void fingerprint::add(const stat_packet& packet, const file_numbers* contents) {
  // The length in front of the entry depends on the time.
  const std::size_t begin = body_of(packet.bytes);
  put_number(packet.bytes.size() - begin - packet.time_size);
  pending_ += packet.bytes.substr(begin, packet.time_begin - begin);
  pending_ += packet.bytes.substr(packet.time_begin + packet.time_size);
  pending_ += contents != nullptr ? '\1' : '\0';
  if (contents != nullptr) {
    put_number(static_cast<std::uint64_t>(contents->mod_time));
    put_number(static_cast<std::uint64_t>(contents->change_time));
    put_number(contents->inode);
    newest_change_ = std::max(newest_change_, contents->change_time);
  }
  if (pending_.size() < step) return;
  digest_.update(pending_);
  pending_.clear();
}

std::string fingerprint::finish() {
  digest_.update(pending_);
  pending_.clear();
  return digest_.finish();
}

}  // namespace peelbox::filesync
