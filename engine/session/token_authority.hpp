// Proof that two sessions hold the same registry token, without showing it.
#pragma once

#include <string>
#include <string_view>

namespace peelbox::session {

/// An Ed25519 key that follows from a token and the daemon's salt: whoever has both has the same key, so a daemon that
/// keeps what it got with a token gives it only to sessions with the same one (session/auth/auth.go of BuildKit).
class token_authority {
 public:
  token_authority(std::string_view token, std::string_view salt);

  /// 32 bytes.
  const std::string& public_key() const noexcept { return public_key_; }
  /// NaCl's signed message: 64 bytes of signature, then `payload`. Empty when it cannot be made.
  std::string sign(std::string_view payload) const;

 private:
  std::string seed_;
  std::string public_key_;
};

}  // namespace peelbox::session
