#include "engine/session/token_authority.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <memory>

namespace peelbox::session {
namespace {

/// As golang.org/x/crypto/nacl/sign opens it: 64 bytes of Ed25519 signature, then the message.
bool opens(const std::string& public_key, const std::string& message) {
  const auto bytes = [](const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes(public_key), public_key.size()), EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> check(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return message.size() >= 64 && EVP_DigestVerifyInit(check.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(check.get(), bytes(message), 64, bytes(message) + 64, message.size() - 64) == 1;
}

TEST(TokenAuthority, SignsForWhoHasTheKey) {
  const token_authority one("token", "salt");
  EXPECT_EQ(one.public_key().size(), 32u);
  EXPECT_TRUE(opens(one.public_key(), one.sign("payload")));
  EXPECT_TRUE(opens(one.public_key(), one.sign("")));
  EXPECT_EQ(one.sign("payload").substr(64), "payload");
  EXPECT_FALSE(opens(token_authority("other", "salt").public_key(), one.sign("payload")));
}

TEST(TokenAuthority, TheSameTokenIsTheSameKey) {
  EXPECT_EQ(token_authority("token", "salt").public_key(), token_authority("token", "salt").public_key());
  EXPECT_NE(token_authority("token", "salt").public_key(), token_authority("token", "pepper").public_key());
  EXPECT_NE(token_authority("token", "salt").public_key(), token_authority("tokem", "salt").public_key());
  EXPECT_EQ(token_authority("token", "").public_key().size(), 32u);
}

}  // namespace
}  // namespace peelbox::session
