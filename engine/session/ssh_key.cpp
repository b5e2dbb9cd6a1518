#include "engine/session/ssh_key.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "engine/async/base64.hpp"
#include "engine/session/agent_messages.hpp"

namespace peelbox::session {

namespace {

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* what) const noexcept {
    Free(what);
  }
};
using pkey_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using pkey_context_ptr = std::unique_ptr<EVP_PKEY_CTX, freed_by<EVP_PKEY_CTX_free>>;
using digest_context_ptr = std::unique_ptr<EVP_MD_CTX, freed_by<EVP_MD_CTX_free>>;
using number_ptr = std::unique_ptr<BIGNUM, freed_by<BN_clear_free>>;
using bio_ptr = std::unique_ptr<BIO, freed_by<BIO_free>>;
using builder_ptr = std::unique_ptr<OSSL_PARAM_BLD, freed_by<OSSL_PARAM_BLD_free>>;
using params_ptr = std::unique_ptr<OSSL_PARAM, freed_by<OSSL_PARAM_free>>;
using signature_ptr = std::unique_ptr<ECDSA_SIG, freed_by<ECDSA_SIG_free>>;

constexpr std::string_view openssh_begin = "-----BEGIN OPENSSH PRIVATE KEY-----";
constexpr std::string_view openssh_end = "-----END OPENSSH PRIVATE KEY-----";
constexpr std::string_view openssh_magic{"openssh-key-v1\0", 15};
constexpr std::uint32_t flag_sha256 = 2;
constexpr std::uint32_t flag_sha512 = 4;

struct curve {
  std::string_view ssh;      ///< after "ecdsa-sha2-"
  const char* openssl;
  const char* hash;
};
constexpr auto curves = std::to_array<curve>({
    {"nistp256", "prime256v1", "SHA256"},
    {"nistp384", "secp384r1", "SHA384"},
    {"nistp521", "secp521r1", "SHA512"},
});

/// Overwritten before its memory is given back.
struct wiped {
  std::string text;
  ~wiped() { OPENSSL_cleanse(text.data(), text.size()); }
};

failure wrong(std::string_view name, std::string_view why) {
  ERR_clear_error();
  return failure(errc::usage, fmt::format("{}: {}", name, why), origin::user);
}

failure has_passphrase(std::string_view name) {
  return wrong(name, "the key has a passphrase. Give it to an agent with `ssh-add`, and pass that on with --ssh default");
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

number_ptr number_of(std::string_view big_endian) {
  return number_ptr(BN_bin2bn(bytes_of(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

std::string bytes_of_number(const BIGNUM* number) {
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, bytes_of(bytes));
  return bytes;
}

pkey_ptr from_data(const char* kind, OSSL_PARAM_BLD* builder) {
  const params_ptr params(OSSL_PARAM_BLD_to_param(builder));
  const pkey_context_ptr context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1)
    return nullptr;
  return pkey_ptr(key);
}

pkey_ptr rsa_key(ssh_reader& fields) {
  // As they stand in the file: n, e, d, iqmp, p, q.
  std::array<std::string_view, 6> parts;
  for (std::string_view& part : parts)
    if (!fields.text(part)) return nullptr;
  // With the primes OpenSSL wants two exponents that the file lacks; it can do without all of them.
  constexpr std::array<const char*, 3> names{OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D};
  const builder_ptr builder(OSSL_PARAM_BLD_new());
  std::array<number_ptr, names.size()> numbers;
  for (std::size_t i = 0; i < names.size(); ++i) {
    numbers[i] = number_of(parts[i]);
    if (!numbers[i] || OSSL_PARAM_BLD_push_BN(builder.get(), names[i], numbers[i].get()) != 1) return nullptr;
  }
  return from_data("RSA", builder.get());
}

pkey_ptr ec_key(const curve& on, ssh_reader& fields) {
  std::string_view name;
  std::string_view point;
  std::string_view secret;
  if (!fields.text(name) || name != on.ssh || !fields.text(point) || !fields.text(secret)) return nullptr;
  const builder_ptr builder(OSSL_PARAM_BLD_new());
  const number_ptr number = number_of(secret);
  if (!number || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, on.openssl, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, number.get()) != 1)
    return nullptr;
  return from_data("EC", builder.get());
}

pkey_ptr ed25519_key(ssh_reader& fields) {
  constexpr std::size_t seed_size = 32;
  std::string_view open;
  std::string_view secret;  // the seed and the public key again
  if (!fields.text(open) || !fields.text(secret) || open.size() != seed_size || secret.size() != 2 * seed_size) return nullptr;
  return pkey_ptr(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(secret), seed_size));
}

struct read_key {
  pkey_ptr key;
  std::string comment;
};

result<read_key> parse_openssh(std::string_view text, std::string_view name) {
  const auto begin = text.find(openssh_begin) + openssh_begin.size();
  const auto end = text.find(openssh_end, begin);
  if (end == text.npos) return wrong(name, "the key is cut off: its last line is missing");
  wiped base64;
  for (const char c : text.substr(begin, end - begin))
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') base64.text += c;
  std::optional<std::string> decoded = decode_base64(base64.text);
  if (!decoded) return wrong(name, "the key is damaged: between its first and last line is no base64");
  const wiped bytes{std::move(*decoded)};
  const std::string_view all = bytes.text;
  if (!all.starts_with(openssh_magic)) return wrong(name, "the key is damaged: it does not begin as keys of OpenSSH do");
  ssh_reader outer(all.substr(openssh_magic.size()));
  std::string_view cipher;
  std::string_view skipped;
  std::string_view secrets;
  std::uint32_t keys = 0;
  if (!outer.text(cipher) || !outer.text(skipped) || !outer.text(skipped) || !outer.u32(keys) || keys != 1 || !outer.text(skipped) ||
      !outer.text(secrets))
    return wrong(name, "the key is damaged: its fields do not fit");
  if (cipher != "none") return has_passphrase(name);
  ssh_reader inner(secrets);
  std::uint32_t check = 0;
  std::uint32_t again = 0;
  std::string_view kind;
  if (!inner.u32(check) || !inner.u32(again) || check != again || !inner.text(kind))
    return wrong(name, "the key is damaged: its fields do not fit");
  read_key out;
  if (kind == "ssh-rsa") out.key = rsa_key(inner);
  else if (kind == "ssh-ed25519") out.key = ed25519_key(inner);
  else if (constexpr std::string_view ec = "ecdsa-sha2-"; kind.starts_with(ec)) {
    for (const curve& on : curves)
      if (kind.substr(ec.size()) == on.ssh) out.key = ec_key(on, inner);
  } else {
    return wrong(name, fmt::format("keys of the kind {} cannot be used here; it may be RSA, ECDSA or Ed25519. An agent may have it: --ssh default",
                                   kind.substr(0, 40)));
  }
  std::string_view comment;
  if (!out.key || !inner.text(comment)) return wrong(name, "the key is damaged: OpenSSL does not take its numbers");
  out.comment = comment;
  return out;
}

int refuse_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

result<read_key> parse_pem(std::string_view text, std::string_view name) {
  const bio_ptr bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  bool asked = false;
  read_key out{pkey_ptr(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, &asked)), {}};
  if (asked) return has_passphrase(name);
  if (!out.key) return wrong(name, "the key is damaged, or of a kind that OpenSSL does not know");
  return out;
}

number_ptr number_param(const EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  EVP_PKEY_get_bn_param(key, name, &number);
  return number_ptr(number);
}

/// The curve of an EC key; null for others.
const curve* curve_of(const EVP_PKEY* key) {
  std::array<char, 64> group{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1) return nullptr;
  for (const curve& on : curves)
    if (std::string_view(group.data(), size) == on.openssl) return &on;
  return nullptr;
}

/// Empty for a kind that we cannot sign with.
std::string public_key_of(const EVP_PKEY* key) {
  std::string out;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA: {
      const number_ptr n = number_param(key, OSSL_PKEY_PARAM_RSA_N);
      const number_ptr e = number_param(key, OSSL_PKEY_PARAM_RSA_E);
      if (!n || !e) return {};
      put_text(out, "ssh-rsa");
      put_number(out, bytes_of_number(e.get()));
      put_number(out, bytes_of_number(n.get()));
      return out;
    }
    case EVP_PKEY_EC: {
      const curve* on = curve_of(key);
      const number_ptr x = number_param(key, OSSL_PKEY_PARAM_EC_PUB_X);
      const number_ptr y = number_param(key, OSSL_PKEY_PARAM_EC_PUB_Y);
      if (on == nullptr || !x || !y) return {};
      const std::size_t width = (static_cast<std::size_t>(EVP_PKEY_get_bits(key)) + 7) / 8;
      std::string point(1 + 2 * width, '\4');
      if (BN_bn2binpad(x.get(), bytes_of(point) + 1, static_cast<int>(width)) < 0 ||
          BN_bn2binpad(y.get(), bytes_of(point) + 1 + width, static_cast<int>(width)) < 0)
        return {};
      put_text(out, fmt::format("ecdsa-sha2-{}", on->ssh));
      put_text(out, on->ssh);
      put_text(out, point);
      return out;
    }
    case EVP_PKEY_ED25519: {
      std::string open(32, '\0');
      std::size_t size = open.size();
      if (EVP_PKEY_get_raw_public_key(key, bytes_of(open), &size) != 1) return {};
      put_text(out, "ssh-ed25519");
      put_text(out, open);
      return out;
    }
    default: return {};
  }
}

/// Empty when OpenSSL refuses.
std::string raw_signature(EVP_PKEY* key, const char* hash, std::string_view data) {
  const digest_context_ptr context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (!context || EVP_DigestSignInit_ex(context.get(), nullptr, hash, nullptr, nullptr, key, nullptr) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes_of(data), data.size()) != 1)
    return {};
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(data), data.size()) != 1) return {};
  signature.resize(size);
  return signature;
}

/// OpenSSL writes the two numbers as ASN.1.
std::string as_ssh_numbers(std::string_view asn1) {
  const unsigned char* at = bytes_of(asn1);
  const signature_ptr parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(asn1.size())));
  if (!parsed) return {};
  std::string out;
  put_number(out, bytes_of_number(ECDSA_SIG_get0_r(parsed.get())));
  put_number(out, bytes_of_number(ECDSA_SIG_get0_s(parsed.get())));
  return out;
}

}  // namespace

result<ssh_key> ssh_key::parse(std::string_view text, std::string_view name) {
  if (text.size() > largest_key_file) return failure(errc::limit, fmt::format("{}: it is larger than {} KiB, so it is no key", name, largest_key_file >> 10), origin::user);
  if (text.find("-----BEGIN ") == text.npos)
    return wrong(name, text.starts_with("ssh-") || text.starts_with("ecdsa-") ? "this is a public key; name the private one, without .pub"
                                                                               : "this is no private key in PEM form or OpenSSH's");
  result<read_key> read = text.find(openssh_begin) != text.npos ? parse_openssh(text, name) : parse_pem(text, name);
  if (read.has_error()) return read.error();
  ssh_key made;
  made.public_ = public_key_of(read->key.get());
  ERR_clear_error();
  if (made.public_.empty()) return wrong(name, "keys of this kind cannot be used here; it may be RSA, ECDSA on a NIST curve, or Ed25519");
  made.comment_ = std::move(read->comment);
  made.key_ = std::shared_ptr<void>(read->key.release(), [](void* key) { EVP_PKEY_free(static_cast<EVP_PKEY*>(key)); });
  return made;
}

result<std::string> ssh_key::sign(std::string_view data, std::uint32_t flags) const {
  auto* key = static_cast<EVP_PKEY*>(key_.get());
  std::string algorithm;
  std::string signature;
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      algorithm = (flags & flag_sha512) != 0 ? "rsa-sha2-512" : (flags & flag_sha256) != 0 ? "rsa-sha2-256" : "ssh-rsa";
      signature = raw_signature(key, (flags & flag_sha512) != 0 ? "SHA512" : (flags & flag_sha256) != 0 ? "SHA256" : "SHA1", data);
      break;
    case EVP_PKEY_EC: {
      const curve* on = curve_of(key);
      algorithm = fmt::format("ecdsa-sha2-{}", on->ssh);
      signature = as_ssh_numbers(raw_signature(key, on->hash, data));
      break;
    }
    default: algorithm = "ssh-ed25519"; signature = raw_signature(key, nullptr, data);
  }
  ERR_clear_error();
  if (signature.empty()) return failure(errc::internal, "OpenSSL did not sign");
  std::string out;
  put_text(out, algorithm);
  put_text(out, signature);
  return out;
}

}  // namespace peelbox::session
