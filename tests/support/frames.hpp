// HTTP/2 frames by name, written and read without the library under test (RFC 9113, 4 and 6; RFC 7541, 6.2.2).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peelbox::test::frames {

enum class type : std::uint8_t {
  data = 0, headers = 1, priority = 2, rst_stream = 3, settings = 4, push_promise = 5, ping = 6, goaway = 7,
  window_update = 8, continuation = 9,
};
inline constexpr std::uint8_t end_stream = 0x1;
inline constexpr std::uint8_t ack = 0x1;
inline constexpr std::uint8_t end_headers = 0x4;
inline constexpr std::uint8_t padded = 0x8;

inline constexpr std::string_view client_magic = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

using header_pairs = std::vector<std::pair<std::string, std::string>>;

std::string u32(std::uint32_t value);
/// Nine bytes of head and the payload; the length is the payload's.
std::string frame(type t, std::uint8_t flags, std::uint32_t stream, std::string_view payload);
/// The head alone, with any length.
std::string head(std::uint32_t length, std::uint8_t type_number, std::uint8_t flags, std::uint32_t stream);
std::string settings(std::vector<std::pair<std::uint16_t, std::uint32_t>> values = {});
std::string settings_ack();
std::string ping(std::string_view eight_bytes = "12345678");
std::string goaway(std::uint32_t last_stream, std::uint32_t code, std::string_view debug = {});
std::string rst_stream(std::uint32_t stream, std::uint32_t code);
std::string window_update(std::uint32_t stream, std::uint32_t increment);
std::string data(std::uint32_t stream, std::string_view payload, std::uint8_t flags = 0);
/// Literal header fields without indexing and without Huffman coding.
std::string header_block(const header_pairs& headers);
std::string headers(std::uint32_t stream, const header_pairs& list, std::uint8_t flags = end_headers);
/// The headers of a correct gRPC request, and of the start of a correct response.
header_pairs request_headers(std::string_view path = "/s/m");
header_pairs response_headers();

struct parsed {
  frames::type kind = type::data;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  /// Error code of RST_STREAM and GOAWAY.
  std::uint32_t code() const;
};

/// Reads whole frames from the front of `bytes` and removes them; a client's magic at the front is skipped.
std::vector<parsed> take(std::string& bytes);
/// Indices in `all` of frames of one kind.
std::vector<std::size_t> find(const std::vector<parsed>& all, type kind);

}  // namespace peelbox::test::frames
