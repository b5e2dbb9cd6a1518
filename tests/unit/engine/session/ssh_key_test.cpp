#include "engine/session/ssh_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "engine/async/base64.hpp"
#include "engine/session/agent_messages.hpp"
#include "tests/support/ssh_keys.hpp"

namespace peelbox::session {
namespace {

using testing::HasSubstr;

ssh_key parsed(std::string_view text) {
  const result<ssh_key> key = ssh_key::parse(text, "key");
  EXPECT_TRUE(key.has_value()) << key.error().text;
  return key.value();
}

struct signature {
  std::string algorithm;
  std::string bytes;
};

signature signed_by(const ssh_key& key, std::string_view data, std::uint32_t flags = 0) {
  const std::string blob = key.sign(data, flags).value();
  ssh_reader fields(blob);
  std::string_view algorithm;
  std::string_view bytes;
  EXPECT_TRUE(fields.text(algorithm) && fields.text(bytes) && fields.ended());
  return {std::string(algorithm), std::string(bytes)};
}

/// Asks OpenSSL, with the key in its own form.
bool verifies(std::string_view pem, const char* hash, std::string_view data, const std::string& signature) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const bool good = EVP_DigestVerifyInit_ex(context, nullptr, hash, nullptr, nullptr, key, nullptr) == 1 &&
                    EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                                     reinterpret_cast<const unsigned char*>(data.data()), data.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  BIO_free(bio);
  return good;
}

/// Two numbers as OpenSSL has them.
std::string as_asn1(const std::string& numbers) {
  ssh_reader fields(numbers);
  std::string_view r;
  std::string_view s;
  EXPECT_TRUE(fields.text(r) && fields.text(s) && fields.ended());
  ECDSA_SIG* pair = ECDSA_SIG_new();
  ECDSA_SIG_set0(pair, BN_bin2bn(reinterpret_cast<const unsigned char*>(r.data()), static_cast<int>(r.size()), nullptr),
                 BN_bin2bn(reinterpret_cast<const unsigned char*>(s.data()), static_cast<int>(s.size()), nullptr));
  unsigned char* bytes = nullptr;
  const int size = i2d_ECDSA_SIG(pair, &bytes);
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  ECDSA_SIG_free(pair);
  return out;
}

TEST(SshKey, HasThePublicKeyThatSshKeygenWrites) {
  struct pair {
    std::string_view secret;
    std::string_view open;
    std::string_view comment;
  };
  for (const pair& one : {pair{test::ed25519_openssh, test::ed25519_public, "ed@test"}, pair{test::rsa_openssh, test::rsa_public, "rsa@test"},
                          pair{test::rsa_pem, test::rsa_public, ""}, pair{test::ecdsa_openssh, test::ecdsa_public, "ec@test"},
                          pair{test::ecdsa_pem, test::ecdsa_public, ""}}) {
    const ssh_key key = parsed(one.secret);
    EXPECT_EQ(key.public_key(), decode_base64(one.open).value());
    EXPECT_EQ(key.comment(), one.comment);
  }
}

TEST(SshKey, SignsWithRsa) {
  for (const std::string_view text : {test::rsa_openssh, test::rsa_pem}) {
    const ssh_key key = parsed(text);
    const signature first = signed_by(key, "data");
    EXPECT_EQ(first.algorithm, "ssh-rsa");
    const signature second = signed_by(key, "data", 2);
    EXPECT_EQ(second.algorithm, "rsa-sha2-256");
    EXPECT_TRUE(verifies(test::rsa_pem, "SHA256", "data", second.bytes));
    const signature third = signed_by(key, "data", 4);
    EXPECT_EQ(third.algorithm, "rsa-sha2-512");
    EXPECT_TRUE(verifies(test::rsa_pem, "SHA512", "data", third.bytes));
    EXPECT_FALSE(verifies(test::rsa_pem, "SHA512", "other", third.bytes));
  }
}

TEST(SshKey, SignsWithEllipticCurves) {
  for (const std::string_view text : {test::ecdsa_openssh, test::ecdsa_pem}) {
    const signature made = signed_by(parsed(text), "data");
    EXPECT_EQ(made.algorithm, "ecdsa-sha2-nistp384");
    EXPECT_TRUE(verifies(test::ecdsa_pem, "SHA384", "data", as_asn1(made.bytes)));
  }
  const signature made = signed_by(parsed(test::ed25519_pkcs8), "data");
  EXPECT_EQ(made.algorithm, "ssh-ed25519");
  EXPECT_TRUE(verifies(test::ed25519_pkcs8, nullptr, "data", made.bytes));
  EXPECT_EQ(signed_by(parsed(test::ed25519_openssh), "data").bytes.size(), 64u);
}

TEST(SshKey, WhatCannotBeUsedSaysWhatToDo) {
  const auto complaint = [](std::string_view text) { return ssh_key::parse(text, "--ssh default: key").error().text; };
  EXPECT_THAT(complaint(test::ed25519_locked), HasSubstr("--ssh default: key: the key has a passphrase. Give it to an agent with `ssh-add`"));
  EXPECT_THAT(complaint(test::rsa_pem_locked), HasSubstr("the key has a passphrase"));
  EXPECT_THAT(complaint("ssh-ed25519 AAAA me"), HasSubstr("this is a public key"));
  EXPECT_THAT(complaint("hello"), HasSubstr("this is no private key"));
  EXPECT_THAT(complaint(test::ed25519_openssh.substr(0, 150)), HasSubstr("cut off"));
  std::string damaged(test::ed25519_openssh);
  damaged[60] = '!';
  EXPECT_THAT(complaint(damaged), HasSubstr("damaged"));
  EXPECT_THAT(complaint(std::string(largest_key_file + 1, 'x')), HasSubstr("larger than 100 KiB"));
}

}  // namespace
}  // namespace peelbox::session
