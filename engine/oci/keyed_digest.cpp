#include "engine/oci/keyed_digest.hpp"

// The reason is in digest.cpp.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <array>

#include "engine/oci/digest.hpp"

namespace peelbox::oci {

std::string keyed_digest(std::string_view key, std::string_view text) {
  std::array<unsigned char, SHA256_CBLOCK> inner_pad{};
  std::array<unsigned char, SHA256_CBLOCK> outer_pad{};
  for (std::size_t i = 0; i < inner_pad.size(); ++i) {
    const unsigned char byte = i < key.size() ? static_cast<unsigned char>(key[i]) : 0;
    inner_pad[i] = byte ^ 0x36;
    outer_pad[i] = byte ^ 0x5c;
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> inner{};
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, inner_pad.data(), inner_pad.size());
  SHA256_Update(&context, text.data(), text.size());
  SHA256_Final(inner.data(), &context);
  std::string message(outer_pad.begin(), outer_pad.end());
  message.append(inner.begin(), inner.end());
  return digest_of(message);
}

}  // namespace peelbox::oci
