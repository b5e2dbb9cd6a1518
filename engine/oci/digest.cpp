#include "engine/oci/digest.hpp"

#include <fmt/format.h>

// SHA256_Init() and its companions are deprecated in favour of EVP. But EVP reads OpenSSL's configuration and sets up its
// providers at the first use: a millisecond of every start, for nothing that a content address needs.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "engine/async/ascii.hpp"

namespace peelbox::oci {
namespace {

SHA256_CTX* as_context(void* p) { return static_cast<SHA256_CTX*>(p); }

}  // namespace

void sha256::context_free::operator()(void* context) const noexcept { delete as_context(context); }

sha256::sha256() : context_(new SHA256_CTX) { SHA256_Init(as_context(context_.get())); }
sha256::~sha256() = default;
sha256::sha256(sha256&&) noexcept = default;
sha256& sha256::operator=(sha256&&) noexcept = default;

void sha256::update(byte_view bytes) {
  SHA256_Update(as_context(context_.get()), bytes.data(), bytes.size());
}

std::string sha256::finish() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> raw{};
  SHA256_Final(raw.data(), as_context(context_.get()));
  SHA256_Init(as_context(context_.get()));
  return "sha256:" + to_hex(raw);
}

std::string digest_of(byte_view bytes) {
  sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

result<digest_parts> parse_digest(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return failure(errc::usage, fmt::format("digest \"{}\": {}", text.substr(0, 200), why), origin::user);
  };
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return refuse("expected algorithm:hex, such as sha256:…");
  const std::string_view algorithm = text.substr(0, colon);
  const std::string_view hex = text.substr(colon + 1);
  std::size_t expected = 0;
  if (algorithm == "sha256") expected = 64;
  if (algorithm == "sha384") expected = 96;
  if (algorithm == "sha512") expected = 128;
  if (expected == 0) return refuse("the algorithm is not sha256, sha384 or sha512");
  if (hex.size() != expected)
    return refuse(fmt::format("{} has {} hexadecimal digits, this has {}", algorithm, expected, hex.size()));
  if (!std::all_of(hex.begin(), hex.end(), is_lower_hex)) return refuse("it has a character other than 0-9 and a-f");
  return digest_parts{std::string(algorithm), std::string(hex)};
}

}  // namespace peelbox::oci
