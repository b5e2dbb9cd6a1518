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
/// failed build's grpc-status-details-bin holds the whole Dockerfile in base64 twice over, so it passes that limit,
/// and the connection would die of the very error that it should report.
///
/// This filter stands before nghttp2. Bytes pass unchanged and uncopied, except header blocks of more than one frame:
/// these are gathered, and a value above the threshold in them is taken out and replaced by a placeholder that is as
/// large as matters to the decoder's table (larger than the whole table, as the value itself, so both empty it:
/// RFC 7541, 4.4). take() gives the value back when nghttp2 reports the placeholder, until the next such block. What is malformed passes
/// unchanged, for nghttp2 to judge.
class large_fields {
 public:
  /// Safely below nghttp2's 65536, and above what the 4096 bytes of the decoder's table can hold.
  static constexpr std::size_t default_threshold = 60'000;

  /// Blocks above `most` bytes pass unchanged, and so do values of at most `threshold` bytes on the wire.
  large_fields(role ours, std::size_t most, std::size_t threshold = default_threshold);

  /// The next bytes for nghttp2, taken from the front of `in`; maybe none. They are part of `in` or valid until the
  /// next call.
  byte_view next(byte_view& in);

  /// The value that `placeholder` stands for; std::nullopt: it is just a value. Values are handed out once.
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
  std::size_t pass_;  // bytes of the current frame that pass unseen
  std::array<std::byte, head_size> head_{};
  std::size_t head_used_ = 0;
  // While a block is gathered: its frames as they came, and what is still missing of the last one.
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
