#include "engine/session/token_authority.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

namespace peelbox::session {
namespace {

constexpr std::size_t key_size = 32;
constexpr std::size_t signature_size = 64;

struct free_key {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using key_ptr = std::unique_ptr<EVP_PKEY, free_key>;

const unsigned char* key_bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* key_bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

key_ptr key_of(const std::string& seed) {
  return key_ptr(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, key_bytes(std::string_view(seed)), seed.size()));
}

}  // namespace

token_authority::token_authority(std::string_view token, std::string_view salt) : seed_(key_size, '\0'), public_key_(key_size, '\0') {
  unsigned size = key_size;
  // HMAC() takes no key of NULL.
  const std::string_view key = salt.data() == nullptr ? std::string_view("") : salt;
  ::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), key_bytes(token), token.size(), key_bytes(seed_), &size);
  std::size_t public_size = key_size;
  const key_ptr pair = key_of(seed_);
  if (!pair || EVP_PKEY_get_raw_public_key(pair.get(), key_bytes(public_key_), &public_size) != 1) public_key_.clear();
}

std::string token_authority::sign(std::string_view payload) const {
  const key_ptr pair = key_of(seed_);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> signing(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signed_payload(signature_size, '\0');
  std::size_t size = signature_size;
  if (!pair || !signing || EVP_DigestSignInit(signing.get(), nullptr, nullptr, nullptr, pair.get()) != 1 ||
      EVP_DigestSign(signing.get(), key_bytes(signed_payload), &size, key_bytes(payload), payload.size()) != 1)
    return {};
  return signed_payload.append(payload);
}

}  // namespace peelbox::session
