// SHA-1, of which git's object ids are made.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "engine/async/bytes.hpp"

namespace peelbox::oci {

/// SHA-1 of bytes that arrive in pieces, for names that others give with it (git's object ids): whoever wants to can make two
/// texts with the same. One thread at a time.
class sha1 {
 public:
  static constexpr std::size_t size = 20;
  sha1();
  ~sha1();
  sha1(const sha1&) = delete;
  sha1& operator=(const sha1&) = delete;
  void update(byte_view bytes);
  void update(std::string_view text) { update(as_bytes(text)); }
  /// Ends the use of this object.
  std::array<std::byte, size> finish();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace peelbox::oci
