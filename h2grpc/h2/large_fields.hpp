// Lets header fields through that are larger than nghttp2 takes.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "engine/async/bytes.hpp"
#include "h2grpc/h2/types.hpp"

namespace peelbox::h2grpc::h2 {

/// nghttp2 ends the connection when the peer sends one header field above 64 KiB, a limit that cannot be raised. A
/// failed build's grpc-status-details-bin holds the whole Dockerfile, encoded in base64 twice, and can exceed that limit.
/// Then the connection would end because of the very error that it should report.
///
/// This filter stands before nghttp2. Bytes pass unchanged and uncopied, except header blocks of more than one frame:
/// these are gathered, and each value above the threshold is replaced by a placeholder. The placeholder is larger than
/// the decoder's whole table, as the value is, so both have the same effect on it: they empty it (RFC 7541, 4.4).
/// take() returns the value when nghttp2 reports the placeholder, until the next such block. Malformed input passes
/// unchanged, and nghttp2 decides about it.
class large_fields {
 public:
  /// Well below nghttp2's 65536, and above the 4096 bytes that the decoder's table can hold.
  static constexpr std::size_t default_threshold = 60'000;

  /// Blocks above `most` bytes pass unchanged, and so do values of at most `threshold` bytes on the wire.
  large_fields(role ours, std::size_t most, std::size_t threshold = default_threshold);

  /// The next bytes for nghttp2, taken from the front of `in`; possibly none. They are a part of `in`, or valid until the
  /// next call.
  byte_view next(byte_view& in);

  /// The value that `placeholder` stands for, handed out once; std::nullopt when it is no placeholder.
  std::optional<std::string> take(std::string_view placeholder);

 private:
  static constexpr std::size_t head_size = 9;

  struct frame_head {
    std::size_t length = 0;
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
  };
  static frame_head parse(const std::byte* bytes) noexcept;
  bool gather_head(byte_view& in);
  byte_view gather(byte_view& in);
  byte_view finish_block();
  bool rewrite(std::string_view block, std::string& to);

  std::size_t most_;
  std::size_t threshold_;
  std::size_t pass_;  // bytes of the current frame that are still to pass
  std::array<std::byte, head_size> head_{};
  std::size_t head_used_ = 0;
  // While a block is gathered: its frames as they came, and how many bytes of the last one are missing.
  bool gathering_ = false;
  std::string raw_;
  std::string block_;
  frame_head first_;
  bool last_frame_ = false;
  std::size_t frames_ = 0;
  std::size_t missing_ = 0;
  std::string output_;
  std::deque<std::pair<std::string, std::string>> taken_;  // placeholder, value
  std::uint32_t counter_ = 0;
};

}  // namespace peelbox::h2grpc::h2
