#include "engine/oci/sha1.hpp"

// As in digest.cpp: EVP costs a millisecond of every start.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace peelbox::oci {

struct sha1::state {
  SHA_CTX context;
};

sha1::sha1() : state_(std::make_unique<state>()) { SHA1_Init(&state_->context); }
sha1::~sha1() = default;

void sha1::update(byte_view bytes) { SHA1_Update(&state_->context, bytes.data(), bytes.size()); }

std::array<std::byte, sha1::size> sha1::finish() {
  std::array<std::byte, size> raw{};
  SHA1_Final(reinterpret_cast<unsigned char*>(raw.data()), &state_->context);
  return raw;
}

}  // namespace peelbox::oci
