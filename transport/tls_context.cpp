#include "transport/tls_context.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <vector>

#include "engine/async/read_file.hpp"

namespace peelbox::transport {
namespace {

struct bio_deleter {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using bio_ptr = std::unique_ptr<BIO, bio_deleter>;
struct pkey_deleter {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};

// The certificate bundles of whole systems are smaller than 1 MiB.
constexpr std::size_t largest_file = 4 << 20;

result<std::string> read_pem(const std::string& path, std::string_view flag) {
  return read_file(path, fmt::format("{} {}", flag, path), largest_file);
}

bio_ptr bio_over(const std::string& text) {
  return bio_ptr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

bool queue_says_end_of_pem() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/// All certificates of a PEM text, in order.
result<std::vector<x509_ptr>> read_certificates(const std::string& path, std::string_view flag) {
  auto text = read_pem(path, flag);
  if (text.has_error()) return text.error();
  const bio_ptr bio = bio_over(*text);
  std::vector<x509_ptr> all;
  ERR_clear_error();
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) all.emplace_back(next);
  const bool clean_end = queue_says_end_of_pem();
  const std::string error = take_openssl_error();
  if (all.empty() && clean_end)
    return failure(errc::usage,
                   fmt::format("{} {}: it contains no certificate in PEM form (-----BEGIN CERTIFICATE-----)", flag, path),
                   origin::user);
  if (!clean_end)
    return failure(errc::usage, fmt::format("{} {}: a certificate in it cannot be read: {}", flag, path, error),
                   origin::user);
  return all;
}

int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

result<void> trust(SSL_CTX* context, const std::string& ca_file) {
  if (ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1)
      return failure(errc::tls, "the system's certificate authorities cannot be read: " + take_openssl_error());
    return {};
  }
  auto authorities = read_certificates(ca_file, "--tlscacert");
  if (authorities.has_error()) return authorities.error();
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const auto& authority : *authorities) X509_STORE_add_cert(store, authority.get());
  ERR_clear_error();
  return {};
}

result<void> show(SSL_CTX* context, const std::string& cert_file, const std::string& key_file) {
  auto chain = read_certificates(cert_file, "--tlscert");
  if (chain.has_error()) return chain.error();
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1)
    return failure(errc::usage,
                   fmt::format("--tlscert {}: the certificate cannot be used: {}", cert_file, take_openssl_error()),
                   origin::user);
  for (std::size_t i = 1; i < chain->size(); ++i) SSL_CTX_add1_chain_cert(context, (*chain)[i].get());

  auto text = read_pem(key_file, "--tlskey");
  if (text.has_error()) return text.error();
  const bio_ptr bio = bio_over(*text);
  bool encrypted = false;
  ERR_clear_error();
  const std::unique_ptr<EVP_PKEY, pkey_deleter> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &encrypted));
  OPENSSL_cleanse(text->data(), text->size());
  if (!key) {
    ERR_clear_error();
    return failure(errc::usage,
                   encrypted ? fmt::format("--tlskey {}: the key is encrypted; give a key without a passphrase "
                                           "(openssl pkey -in KEY -out PLAIN_KEY)",
                                           key_file)
                             : fmt::format("--tlskey {}: it contains no private key in PEM form", key_file),
                   origin::user);
  }
  if (X509_check_private_key(chain->front().get(), key.get()) != 1) {
    ERR_clear_error();
    return failure(errc::usage,
                   fmt::format("--tlskey {}: the key does not belong to the certificate of --tlscert {}", key_file,
                               cert_file),
                   origin::user);
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return failure(errc::usage, fmt::format("--tlskey {}: the key cannot be used: {}", key_file, take_openssl_error()),
                   origin::user);
  return {};
}

}  // namespace

std::string take_openssl_error() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  if (error == 0) return "unknown error";
  if (const char* reason = ERR_reason_error_string(error)) return reason;
  return fmt::format("OpenSSL error {:#x}", error);
}

result<ssl_context_ptr> make_tls_context(const tls_options& options) {
  if (options.cert_file.empty() != options.key_file.empty())
    return failure(errc::usage,
                   fmt::format("--tlscert and --tlskey have to be given together: {} is missing",
                               options.cert_file.empty() ? "--tlscert" : "--tlskey"),
                   origin::user);
  ssl_context_ptr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return failure(errc::tls, "TLS cannot be set up: " + take_openssl_error());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // As with buildctl (Go's crypto/x509), a certificate that somebody trusts is the end of the chain, be it an
  // intermediate authority or the daemon's own.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
  auto trusted = trust(context.get(), options.ca_file);
  if (trusted.has_error()) return trusted.error();
  if (!options.cert_file.empty()) {
    auto shown = show(context.get(), options.cert_file, options.key_file);
    if (shown.has_error()) return shown.error();
  }
  return context;
}

}  // namespace peelbox::transport
