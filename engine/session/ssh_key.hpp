// A private key for SSH from a file, and signatures by it (RFC 4253 section 6.6, RFC 5656, RFC 8332, RFC 8709).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::session {

/// The reference client's limit for a key file (session/sshforward/sshprovider).
inline constexpr std::size_t largest_key_file = 100u << 10;

/// RSA, ECDSA on NIST's three curves, or Ed25519. Copies share the key, which OpenSSL wipes with the last of them.
class ssh_key {
 public:
  /// The text of a file: OpenSSH's own form or PEM (PKCS #1, SEC 1, PKCS #8). `name` begins the messages. errc::usage for what is
  /// no key, for a kind that we cannot sign with, and for a key with a passphrase: then it says what to do instead. Pure.
  static result<ssh_key> parse(std::string_view text, std::string_view name);

  /// As agents name it.
  const std::string& public_key() const noexcept { return public_; }
  const std::string& comment() const noexcept { return comment_; }

  /// The signature as the agent protocol has it. Of the flags, 2 and 4 choose SHA-256 and SHA-512 for RSA keys. errc::internal
  /// when OpenSSL refuses.
  result<std::string> sign(std::string_view data, std::uint32_t flags) const;

 private:
  std::shared_ptr<void> key_;  // EVP_PKEY
  std::string public_;
  std::string comment_;
};

}  // namespace peelbox::session
