// The Packet message of file sync, encoded and decoded by hand: a DATA header without touching the payload, a STAT
// directly into a batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"
#include "engine/filesync/stat.hpp"

namespace peelbox::filesync {

/// fsutil.types.Packet.PacketType (fsutil/types/wire.proto).
enum class packet_type : std::uint32_t { stat = 0, request = 1, data = 2, fin = 3, error = 4 };

/// Positions within what a STAT was appended to.
struct stat_packet_parts {
  std::size_t path_end = 0;
  /// The field with the modification time; empty when that is 0.
  std::size_t time_begin = 0;
  std::size_t time_end = 0;
};
/// An encoded STAT and the place of that field in it.
struct stat_packet {
  std::string_view bytes;
  std::size_t time_begin = 0;
  std::size_t time_size = 0;
};
/// Appends STAT{entry}.
stat_packet_parts append_stat_packet(std::string& out, const stat_entry& entry);
/// STAT without an entry ends the list. It encodes to nothing: a message of length zero.
inline byte_chain end_of_list_packet() { return byte_chain(); }
byte_chain request_packet(std::uint32_t id);
/// The payload (not empty) is referenced.
byte_chain data_packet(std::uint32_t id, byte_slice payload);
/// DATA without payload ends the file.
byte_chain end_of_file_packet(std::uint32_t id);
byte_chain fin_packet();
byte_chain error_packet(std::string_view text);

/// The header before `payload_size` (> 0) bytes of file `id`, for payload that is read to the place right behind
/// it.
inline constexpr std::size_t max_data_header = 16;
/// Writes at most max_data_header bytes and returns how many.
std::size_t write_data_header(std::byte* out, std::uint32_t id, std::size_t payload_size) noexcept;
std::size_t write_end_of_file(std::byte* out, std::uint32_t id) noexcept;

struct packet {
  /// May have a value that is not in packet_type: a newer peer; the reference ignores such packets.
  packet_type type = packet_type::stat;
  bool has_entry = false;
  stat_entry entry;  ///< meaningful when has_entry
  std::uint32_t id = 0;
  byte_view data;  ///< refers to the bytes that were decoded

  std::string_view text() const noexcept { return as_text(data); }
};

/// Total over any bytes: either a packet or failure{protocol}. Unknown fields are skipped, of a repeated
/// field the last one counts, as in any proto3 decoder.
result<packet> decode_packet(byte_view message);

}  // namespace peelbox::filesync
