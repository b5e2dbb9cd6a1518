#include "transport/stdcopy.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peelbox::transport {
namespace {

constexpr std::size_t longest_error = 1000;

}  // namespace

result<void> stdcopy::feed(byte_view bytes, const sink& to) {
  while (!bytes.empty()) {
    if (left_ == 0) {
      header_[have_++] = static_cast<unsigned char>(bytes[0]);
      bytes = bytes.subspan(1);
      if (have_ < header_.size()) continue;
      have_ = 0;
      kind_ = header_[0];
      if (kind_ > 3 || header_[1] != 0 || header_[2] != 0 || header_[3] != 0)
        return failure(errc::protocol, fmt::format("the engine's output has a frame of unknown kind {}", kind_),
                       origin::peer);
      left_ = static_cast<std::uint32_t>(header_[4]) << 24 | static_cast<std::uint32_t>(header_[5]) << 16 |
              static_cast<std::uint32_t>(header_[6]) << 8 | header_[7];
      continue;
    }
    const byte_view content = bytes.first(std::min<std::size_t>(left_, bytes.size()));
    bytes = bytes.subspan(content.size());
    left_ -= static_cast<std::uint32_t>(content.size());
    if (kind_ == 3) {
      error_ += as_text(content.first(std::min(content.size(), longest_error - error_.size())));
      if (left_ > 0 && error_.size() < longest_error) continue;
      return failure(errc::connection, "the engine says: " + error_, origin::peer);
    }
    to(kind_ == 2 ? source::error : source::out, content);
  }
  return {};
}

}  // namespace peelbox::transport
