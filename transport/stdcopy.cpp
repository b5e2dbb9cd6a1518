#include "transport/stdcopy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace peelbox::transport {

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
    if (kind_ == 3)
      return failure(errc::connection, "the engine says: " + std::string(as_text(content.first(std::min<std::size_t>(
                                           content.size(), 1000)))),
                     origin::peer);
    to(kind_ == 2 ? source::error : source::out, content);
  }
  return {};
}

}  // namespace peelbox::transport
