#include "tests/support/frames.hpp"

#include <cstddef>

namespace peelbox::test::frames {

namespace {

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
  return value;
}

// An integer with a prefix of seven bits (RFC 7541, 5.1), then the bytes.
std::string hpack_string(std::string_view text) {
  std::string out;
  std::size_t size = text.size();
  if (size < 127) {
    out.push_back(static_cast<char>(size));
  } else {
    out.push_back(127);
    for (size -= 127; size >= 128; size /= 128) out.push_back(static_cast<char>(size % 128 + 128));
    out.push_back(static_cast<char>(size));
  }
  return out.append(text);
}

}  // namespace

std::string u32(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

std::string head(std::uint32_t length, std::uint8_t type_number, std::uint8_t flags, std::uint32_t stream) {
  return u32(length).substr(1) + static_cast<char>(type_number) + static_cast<char>(flags) + u32(stream);
}

std::string frame(type t, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  return head(static_cast<std::uint32_t>(payload.size()), static_cast<std::uint8_t>(t), flags, stream).append(payload);
}

std::string settings(std::vector<std::pair<std::uint16_t, std::uint32_t>> values) {
  std::string payload;
  for (const auto& [id, value] : values) payload += u32(id).substr(2) + u32(value);
  return frame(type::settings, 0, 0, payload);
}
std::string settings_ack() { return frame(type::settings, ack, 0, ""); }
std::string ping(std::string_view eight_bytes) { return frame(type::ping, 0, 0, eight_bytes); }
std::string goaway(std::uint32_t last_stream, std::uint32_t code, std::string_view debug) {
  return frame(type::goaway, 0, 0, u32(last_stream) + u32(code) + std::string(debug));
}
std::string rst_stream(std::uint32_t stream, std::uint32_t code) { return frame(type::rst_stream, 0, stream, u32(code)); }
std::string window_update(std::uint32_t stream, std::uint32_t increment) {
  return frame(type::window_update, 0, stream, u32(increment));
}
std::string data(std::uint32_t stream, std::string_view payload, std::uint8_t flags) {
  return frame(type::data, flags, stream, payload);
}

std::string header_block(const header_pairs& list) {
  std::string block;
  for (const auto& [name, value] : list) {
    block.push_back(0);
    block += hpack_string(name) + hpack_string(value);
  }
  return block;
}
std::string headers(std::uint32_t stream, const header_pairs& list, std::uint8_t flags) {
  return frame(type::headers, flags, stream, header_block(list));
}

header_pairs request_headers(std::string_view path) {
  return {{":method", "POST"}, {":scheme", "http"},       {":path", std::string(path)}, {":authority", "localhost"},
          {"te", "trailers"},  {"content-type", "application/grpc"}};
}
header_pairs response_headers() { return {{":status", "200"}, {"content-type", "application/grpc"}}; }

std::uint32_t parsed::code() const {
  if (kind == type::rst_stream && payload.size() == 4) return read_u32(payload);
  if (kind == type::goaway && payload.size() >= 8) return read_u32(std::string_view(payload).substr(4));
  return 0xffffffff;
}

std::vector<parsed> take(std::string& bytes) {
  if (bytes.starts_with(client_magic)) bytes.erase(0, client_magic.size());
  std::vector<parsed> all;
  std::size_t at = 0;
  while (bytes.size() - at >= 9) {
    const std::size_t length = read_u32(std::string_view(bytes).substr(at)) >> 8;
    if (bytes.size() - at - 9 < length) break;
    parsed one;
    one.kind = static_cast<type>(bytes[at + 3]);
    one.flags = static_cast<std::uint8_t>(bytes[at + 4]);
    one.stream = read_u32(std::string_view(bytes).substr(at + 5)) & 0x7fffffff;
    one.payload = bytes.substr(at + 9, length);
    all.push_back(std::move(one));
    at += 9 + length;
  }
  bytes.erase(0, at);
  return all;
}

std::vector<std::size_t> find(const std::vector<parsed>& all, type kind) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].kind == kind) indices.push_back(i);
  return indices;
}

}  // namespace peelbox::test::frames
