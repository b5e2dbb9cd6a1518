#include "transport/tls_context.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <vector>

namespace peelbox::transport {
namespace {

struct bio_deleter {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using bio_ptr = std::unique_ptr<BIO, bio_deleter>;
struct pkey_deleter {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};

bio_ptr bio_over(const secret_text& text) {
  return bio_ptr(BIO_new_mem_buf(text.get().data(), static_cast<int>(text.get().size())));
}

std::string name_of_ca(const tls_options& options) { return options.ca.described("--tlscacert", "CA"); }
std::string name_of_certificate(const tls_options& options) {
  return options.certificate.described("--tlscert", "certificate");
}
std::string name_of_key(const tls_options& options) { return options.key.described("--tlskey", "key"); }

bool queue_says_end_of_pem() {
  const unsigned long error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/// All certificates of a PEM text, in order.
result<std::vector<x509_ptr>> read_certificates(const tls_material& from, const std::string& name) {
  auto text = from.read(name);
  if (text.has_error()) return text.error();
  const bio_ptr bio = bio_over(**text);
  std::vector<x509_ptr> all;
  ERR_clear_error();
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) all.emplace_back(next);
  const bool clean_end = queue_says_end_of_pem();
  const std::string error = take_openssl_error();
  if (all.empty() && clean_end)
    return failure(errc::usage,
                   fmt::format("{}: it contains no certificate in PEM form (-----BEGIN CERTIFICATE-----)", name),
                   origin::user);
  if (!clean_end)
    return failure(errc::usage, fmt::format("{}: a certificate in it cannot be read: {}", name, error), origin::user);
  return all;
}

int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

failure half_given(const tls_options& options) {
  const bool no_key = options.key.empty();
  if (options.certificate.is_data() || options.key.is_data())
    return failure(errc::usage,
                   fmt::format("a client certificate and its key have to be given together: the {} is missing",
                               no_key ? "key" : "certificate"),
                   origin::user);
  return failure(errc::usage,
                 fmt::format("--tlscert and --tlskey have to be given together: {} is missing",
                             no_key ? "--tlskey" : "--tlscert"),
                 origin::user);
}

result<void> trust(SSL_CTX* context, const tls_options& options) {
  if ((options.ca.empty() || options.system_too) && SSL_CTX_set_default_verify_paths(context) != 1)
    return failure(errc::tls, "the system's certificate authorities cannot be read: " + take_openssl_error());
  if (options.ca.empty()) return {};
  auto authorities = read_certificates(options.ca, name_of_ca(options));
  if (authorities.has_error()) return authorities.error();
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  for (const auto& authority : *authorities) X509_STORE_add_cert(store, authority.get());
  ERR_clear_error();
  return {};
}

result<void> show(SSL_CTX* context, const tls_options& options) {
  const std::string certificate_name = name_of_certificate(options);
  auto chain = read_certificates(options.certificate, certificate_name);
  if (chain.has_error()) return chain.error();
  if (SSL_CTX_use_certificate(context, chain->front().get()) != 1)
    return failure(errc::usage,
                   fmt::format("{}: the certificate cannot be used: {}", certificate_name, take_openssl_error()),
                   origin::user);
  for (std::size_t i = 1; i < chain->size(); ++i) SSL_CTX_add1_chain_cert(context, (*chain)[i].get());

  const std::string key_name = name_of_key(options);
  auto text = options.key.read(key_name);
  if (text.has_error()) return text.error();
  const bio_ptr bio = bio_over(**text);
  bool encrypted = false;
  ERR_clear_error();
  const std::unique_ptr<EVP_PKEY, pkey_deleter> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &encrypted));
  if (!key) {
    ERR_clear_error();
    return failure(errc::usage,
                   encrypted ? fmt::format("{}: the key is encrypted; give a key without a passphrase "
                                           "(openssl pkey -in KEY -out PLAIN_KEY)",
                                           key_name)
                             : fmt::format("{}: it contains no private key in PEM form", key_name),
                   origin::user);
  }
  if (X509_check_private_key(chain->front().get(), key.get()) != 1) {
    ERR_clear_error();
    return failure(errc::usage,
                   fmt::format("{}: the key does not belong to the certificate of {}", key_name, certificate_name),
                   origin::user);
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return failure(errc::usage, fmt::format("{}: the key cannot be used: {}", key_name, take_openssl_error()),
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
  if (options.certificate.empty() != options.key.empty()) return half_given(options);
  ssl_context_ptr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return failure(errc::tls, "TLS cannot be set up: " + take_openssl_error());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // As with buildctl (Go's crypto/x509), a certificate that somebody trusts is the end of the chain, be it an
  // intermediate authority or the daemon's own.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context.get()), X509_V_FLAG_PARTIAL_CHAIN);
  auto trusted = trust(context.get(), options);
  if (trusted.has_error()) return trusted.error();
  if (!options.certificate.empty()) {
    auto shown = show(context.get(), options);
    if (shown.has_error()) return shown.error();
  }
  return context;
}

}  // namespace peelbox::transport
