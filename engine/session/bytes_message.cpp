#include "engine/session/bytes_message.hpp"

#include <array>

#include "engine/async/varint.hpp"

namespace peelbox::session {

namespace {

struct cursor {
  byte_view bytes;
  std::size_t at = 0;

  bool done() const { return at == bytes.size(); }
  bool varint(std::uint64_t& value) {
    const std::byte* const next = read_varint(bytes.data() + at, bytes.data() + bytes.size(), value);
    if (!next) return false;
    at = static_cast<std::size_t>(next - bytes.data());
    return true;
  }
  bool skip(std::uint64_t count) {
    if (count > bytes.size() - at) return false;
    at += static_cast<std::size_t>(count);
    return true;
  }
};

failure broken_message() { return failure(errc::protocol, "the daemon sent a malformed BytesMessage", origin::peer); }

}  // namespace

byte_chain encode_bytes_message(byte_chain data) {
  std::array<std::byte, 1 + max_varint> header{std::byte{0x0a}};
  const std::byte* const end = put_varint(header.data() + 1, data.size());
  byte_chain message;
  message.append_copy(byte_view(header.data(), end));
  message.append(std::move(data));
  return message;
}

result<byte_slice> decode_bytes_message(const byte_slice& message) {
  cursor in{message.view()};
  byte_slice data;
  while (!in.done()) {
    std::uint64_t tag = 0;
    std::uint64_t value = 0;
    if (!in.varint(tag)) return broken_message();
    switch (tag & 7) {
      case 0:
        if (!in.varint(value)) return broken_message();
        break;
      case 1:
        if (!in.skip(8)) return broken_message();
        break;
      case 2: {
        if (!in.varint(value)) return broken_message();
        const std::size_t start = in.at;
        if (!in.skip(value)) return broken_message();
        if (tag >> 3 == 1) data = message.sub(start, static_cast<std::size_t>(value));
        break;
      }
      case 5:
        if (!in.skip(4)) return broken_message();
        break;
      default: return broken_message();
    }
  }
  return data;
}

}  // namespace peelbox::session
