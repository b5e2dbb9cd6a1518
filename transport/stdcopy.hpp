// Docker's framing of stdout and stderr on one connection. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::transport {

/// Takes the bytes apart: 8 bytes of header (kind, three zeros, length in network order), then that many bytes of
/// content (moby, api/pkg/stdcopy). Content is handed out as it comes, in pieces of the input.
class stdcopy {
 public:
  enum class source { out, error };
  using sink = std::function<void(source from, byte_view content)>;

  /// errc::protocol for a header of another form; errc::connection for an error that the engine sends in band.
  result<void> feed(byte_view bytes, const sink& to);
  /// False when the stream ended inside a frame.
  bool at_boundary() const noexcept { return have_ == 0 && left_ == 0; }

 private:
  std::array<unsigned char, 8> header_{};
  std::size_t have_ = 0;
  std::uint32_t left_ = 0;
  unsigned char kind_ = 0;
  std::string error_;  // what has arrived of an error that the engine sends in band
};

}  // namespace peelbox::transport
