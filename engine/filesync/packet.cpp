#include "engine/filesync/packet.hpp"

#include <array>
#include <cstring>
#include <limits>
#include <optional>

#include "engine/async/varint.hpp"

namespace peelbox::filesync {

namespace {

enum wire : std::uint32_t { varint = 0, fixed64 = 1, length_delimited = 2, fixed32 = 5 };

constexpr std::uint32_t tag(std::uint32_t field, wire type) { return field << 3 | type; }

// All our tags are below 128, so each takes one byte.
std::size_t number_size(std::uint64_t value) noexcept { return value == 0 ? 0 : 1 + varint_size(value); }
std::size_t bytes_size(std::size_t length) noexcept { return 1 + varint_size(length) + length; }
std::size_t text_size(const std::string& text) noexcept { return text.empty() ? 0 : bytes_size(text.size()); }

char* put_number(char* out, std::uint32_t field, std::uint64_t value) noexcept {
  if (value == 0) return out;
  *out++ = static_cast<char>(tag(field, varint));
  return put_varint(out, value);
}

char* put_bytes(char* out, std::uint32_t field, std::string_view text) noexcept {
  *out++ = static_cast<char>(tag(field, length_delimited));
  out = put_varint(out, text.size());
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

char* put_text(char* out, std::uint32_t field, const std::string& text) noexcept {
  return text.empty() ? out : put_bytes(out, field, text);
}

std::uint64_t bits(std::int64_t value) noexcept { return static_cast<std::uint64_t>(value); }

std::size_t stat_size(const stat_entry& e) noexcept {
  std::size_t size = text_size(e.path) + number_size(e.mode) + number_size(e.uid) + number_size(e.gid) +
                     number_size(bits(e.size)) + number_size(bits(e.mod_time)) + text_size(e.linkname) +
                     number_size(bits(e.dev_major)) + number_size(bits(e.dev_minor));
  for (const auto& [name, value] : e.xattrs)
    size += bytes_size(bytes_size(name.size()) + bytes_size(value.size()));
  return size;
}

template <std::size_t N>
byte_chain small_packet(const std::array<std::byte, N>& bytes, std::size_t size) {
  byte_chain chain;
  chain.append_copy(byte_view(bytes.data(), size));
  return chain;
}

// A cursor over hostile bytes.
class field_reader {
 public:
  explicit field_reader(byte_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool done() const noexcept { return at_ == end_; }

  std::optional<std::uint64_t> number() noexcept {
    std::uint64_t value = 0;
    const std::byte* const next = read_varint(at_, end_, value);
    if (!next) return std::nullopt;
    at_ = next;
    return value;
  }
  std::optional<byte_view> bytes() noexcept {
    const auto size = number();
    if (!size || *size > left()) return std::nullopt;
    const byte_view view(at_, static_cast<std::size_t>(*size));
    at_ += *size;
    return view;
  }
  bool skip(std::uint32_t type) noexcept {
    switch (type) {
      case varint:
        return number().has_value();
      case fixed64:
        return skip_bytes(8);
      case length_delimited:
        return bytes().has_value();
      case fixed32:
        return skip_bytes(4);
      default:
        return false;  // groups left the language before proto3
    }
  }

 private:
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  bool skip_bytes(std::size_t count) noexcept {
    if (left() < count) return false;
    at_ += count;
    return true;
  }
  const std::byte* at_;
  const std::byte* end_;
};

// Calls use(field, type) for every field; use() reads the value or skips it and says whether that worked.
template <class Use>
bool each_field(byte_view message, Use use) {
  field_reader in(message);
  while (!in.done()) {
    const auto key = in.number();
    if (!key || *key > std::numeric_limits<std::uint32_t>::max() || *key >> 3 == 0) return false;
    if (!use(in, static_cast<std::uint32_t>(*key))) return false;
  }
  return true;
}

template <class Number>
bool read_number(field_reader& in, Number& target) noexcept {
  const auto value = in.number();
  if (value) target = static_cast<Number>(*value);
  return value.has_value();
}

bool read_text(field_reader& in, std::string& target) {
  const auto value = in.bytes();
  if (value) target = std::string(as_text(*value));
  return value.has_value();
}

bool read_xattr(field_reader& in, stat_entry& entry) {
  const auto message = in.bytes();
  std::pair<std::string, std::string> attribute;
  if (!message || !each_field(*message, [&](field_reader& field, std::uint32_t key) {
        if (key == tag(1, length_delimited)) return read_text(field, attribute.first);
        if (key == tag(2, length_delimited)) return read_text(field, attribute.second);
        return field.skip(key & 7);
      })) {
    return false;
  }
  entry.xattrs.push_back(std::move(attribute));
  return true;
}

bool read_stat(byte_view message, stat_entry& entry) {
  return each_field(message, [&](field_reader& in, std::uint32_t key) {
    switch (key) {
      case tag(1, length_delimited):
        return read_text(in, entry.path);
      case tag(2, varint):
        return read_number(in, entry.mode);
      case tag(3, varint):
        return read_number(in, entry.uid);
      case tag(4, varint):
        return read_number(in, entry.gid);
      case tag(5, varint):
        return read_number(in, entry.size);
      case tag(6, varint):
        return read_number(in, entry.mod_time);
      case tag(7, length_delimited):
        return read_text(in, entry.linkname);
      case tag(8, varint):
        return read_number(in, entry.dev_major);
      case tag(9, varint):
        return read_number(in, entry.dev_minor);
      case tag(10, length_delimited):
        return read_xattr(in, entry);
      default:
        return in.skip(key & 7);
    }
  });
}

}  // namespace

stat_packet_parts append_stat_packet(std::string& out, const stat_entry& e) {
  const std::size_t body = stat_size(e);
  const std::size_t begin = out.size();
  out.resize(begin + bytes_size(body));
  char* at = out.data() + begin;
  *at++ = static_cast<char>(tag(2, length_delimited));
  at = put_varint(at, body);
  at = put_text(at, 1, e.path);
  stat_packet_parts parts;
  const auto position = [&] { return static_cast<std::size_t>(at - out.data()); };
  parts.path_end = position();
  at = put_number(at, 2, e.mode);
  at = put_number(at, 3, e.uid);
  at = put_number(at, 4, e.gid);
  at = put_number(at, 5, bits(e.size));
  parts.time_begin = position();
  at = put_number(at, 6, bits(e.mod_time));
  parts.time_end = position();
  at = put_text(at, 7, e.linkname);
  at = put_number(at, 8, bits(e.dev_major));
  at = put_number(at, 9, bits(e.dev_minor));
  for (const auto& [name, value] : e.xattrs) {
    *at++ = static_cast<char>(tag(10, length_delimited));
    at = put_varint(at, bytes_size(name.size()) + bytes_size(value.size()));
    at = put_bytes(at, 1, name);
    at = put_bytes(at, 2, value);
  }
  return parts;
}

std::size_t write_end_of_file(std::byte* out, std::uint32_t id) noexcept {
  std::byte* at = out;
  *at++ = std::byte{tag(1, varint)};
  *at++ = std::byte{static_cast<unsigned char>(packet_type::data)};
  if (id != 0) {
    *at++ = std::byte{tag(3, varint)};
    at = put_varint(at, id);
  }
  return static_cast<std::size_t>(at - out);
}

std::size_t write_data_header(std::byte* out, std::uint32_t id, std::size_t payload_size) noexcept {
  std::byte* at = out + write_end_of_file(out, id);
  *at++ = std::byte{tag(4, length_delimited)};
  at = put_varint(at, payload_size);
  return static_cast<std::size_t>(at - out);
}

byte_chain request_packet(std::uint32_t id) {
  std::array<std::byte, max_data_header> bytes;
  const std::size_t size = write_end_of_file(bytes.data(), id);
  bytes[1] = std::byte{static_cast<unsigned char>(packet_type::request)};
  return small_packet(bytes, size);
}

byte_chain data_packet(std::uint32_t id, byte_slice payload) {
  // Type, id and a length below 2^42 fit into the header's bound.
  std::array<std::byte, max_data_header> bytes;
  byte_chain chain = small_packet(bytes, write_data_header(bytes.data(), id, payload.size()));
  chain.append(std::move(payload));
  return chain;
}

byte_chain end_of_file_packet(std::uint32_t id) {
  std::array<std::byte, max_data_header> bytes;
  return small_packet(bytes, write_end_of_file(bytes.data(), id));
}

byte_chain fin_packet() {
  constexpr std::array<std::byte, 2> bytes{std::byte{0x08}, std::byte{0x03}};
  return small_packet(bytes, bytes.size());
}

byte_chain error_packet(std::string_view text) {
  std::string bytes = "\x08\x04";
  if (!text.empty()) {
    bytes.resize(2 + bytes_size(text.size()));
    put_bytes(bytes.data() + 2, 4, text);
  }
  byte_chain chain;
  chain.append_copy(bytes);
  return chain;
}

result<packet> decode_packet(byte_view message) {
  packet p;
  const bool ok = each_field(message, [&](field_reader& in, std::uint32_t key) {
    switch (key) {
      case tag(1, varint): {
        std::uint32_t type = 0;
        if (!read_number(in, type)) return false;
        p.type = static_cast<packet_type>(type);
        return true;
      }
      case tag(2, length_delimited): {
        const auto entry = in.bytes();
        p.has_entry = true;
        return entry && read_stat(*entry, p.entry);
      }
      case tag(3, varint):
        return read_number(in, p.id);
      case tag(4, length_delimited): {
        const auto data = in.bytes();
        if (data) p.data = *data;
        return data.has_value();
      }
      default:
        return in.skip(key & 7);
    }
  });
  if (!ok) return failure(errc::protocol, "a file sync packet of the peer cannot be decoded", origin::peer);
  return p;
}

}  // namespace peelbox::filesync
