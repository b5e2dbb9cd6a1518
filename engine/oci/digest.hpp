// Content digests: "sha256:" and 64 hexadecimal digits.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::oci {

/// SHA-256 of bytes that arrive in pieces. Not copyable; one thread at a time.
class sha256 {
 public:
  sha256();
  ~sha256();
  sha256(sha256&&) noexcept;
  sha256& operator=(sha256&&) noexcept;

  void update(byte_view bytes);
  void update(std::string_view text) { update(as_bytes(text)); }

  /// "sha256:…" of everything so far; the object then begins a new computation.
  std::string finish();

 private:
  struct context_free {
    void operator()(void* context) const noexcept;
  };
  std::unique_ptr<void, context_free> context_;
};

std::string digest_of(byte_view bytes);
inline std::string digest_of(std::string_view text) { return digest_of(as_bytes(text)); }

struct digest_parts {
  std::string algorithm;
  std::string hex;
};

/// "algorithm:hex" for sha256, sha384 and sha512 with lower-case hexadecimal digits of the right number (OCI
/// image specification, descriptor.md). errc::usage says what is wrong.
result<digest_parts> parse_digest(std::string_view text);

}  // namespace peelbox::oci
