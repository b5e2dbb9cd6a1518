#include "tests/unit/transport/tls_peer.hpp"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/time.h>

#include <atomic>
#include <cstring>
#include <fstream>

namespace peelbox::test {
namespace {

template <class T, void (*Free)(T*)>
struct freeing {
  void operator()(T* object) const { Free(object); }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freeing<EVP_PKEY, EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freeing<X509, X509_free>>;

std::string pem(const std::function<void(BIO*)>& write) {
  BIO* bio = BIO_new(BIO_s_mem());
  write(bio);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

certificate_ptr read_certificate(const std::string& text) {
  BIO* bio = BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
  certificate_ptr c(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  return c;
}
key_ptr read_key(const std::string& text) {
  BIO* bio = BIO_new_mem_buf(text.data(), static_cast<int>(text.size()));
  key_ptr k(PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  return k;
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  if (extension == nullptr) throw std::runtime_error("certificate extension " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

identity make(const certificate_wish& wish, const identity* issuer) {
  static std::atomic<long> serial{1};
  key_ptr key(EVP_EC_gen("P-256"));
  certificate_ptr certificate(X509_new());
  X509* const c = certificate.get();
  X509_set_version(c, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
  X509_gmtime_adj(X509_getm_notBefore(c), 86400L * wish.valid_from_days);
  X509_gmtime_adj(X509_getm_notAfter(c), 86400L * wish.valid_to_days);
  X509_set_pubkey(c, key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1, -1, 0);
  if (issuer == nullptr) {
    X509_set_issuer_name(c, X509_get_subject_name(c));
    if (wish.is_authority) extend(c, c, NID_basic_constraints, "critical,CA:TRUE");
    if (!wish.alternative_names.empty()) extend(c, c, NID_subject_alt_name, wish.alternative_names);
    X509_sign(c, key.get(), EVP_sha256());
  } else {
    const certificate_ptr parent = read_certificate(issuer->certificate);
    const key_ptr parent_key = read_key(issuer->key);
    X509_set_issuer_name(c, X509_get_subject_name(parent.get()));
    if (wish.is_authority) extend(c, parent.get(), NID_basic_constraints, "critical,CA:TRUE");
    if (!wish.alternative_names.empty()) extend(c, parent.get(), NID_subject_alt_name, wish.alternative_names);
    X509_sign(c, parent_key.get(), EVP_sha256());
  }
  return {pem([&](BIO* b) { PEM_write_bio_X509(b, c); }),
          pem([&](BIO* b) { PEM_write_bio_PrivateKey(b, key.get(), nullptr, nullptr, 0, nullptr, nullptr); })};
}

int select_always(SSL*, const unsigned char** out, unsigned char* size, const unsigned char*, unsigned, void* name) {
  const auto& wanted = *static_cast<const std::string*>(name);
  *out = reinterpret_cast<const unsigned char*>(wanted.data()) + 1;
  *size = static_cast<unsigned char>(wanted.size() - 1);
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

namespace {

certificate_wish wish_of_authority(const std::string& name) {
  certificate_wish wish;
  wish.common_name = name;
  wish.valid_from_days = -30;
  wish.valid_to_days = 30;
  wish.is_authority = true;
  return wish;
}

}  // namespace

authority::authority(const std::string& name) : self_(make(wish_of_authority(name), nullptr)) {}
authority::authority(const std::string& name, const authority& signed_by)
    : self_(signed_by.issue(wish_of_authority(name))) {}

identity self_signed(const certificate_wish& wish) { return make(wish, nullptr); }

identity authority::issue(const certificate_wish& wish) const { return make(wish, &self_); }

void write_file(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

tls_server::tls_server(tls_server_options options) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 4) != 0)
    throw std::runtime_error("listen");
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, o = std::move(options)] { run(o); });
}

tls_server::~tls_server() {
  outcome();
  ::close(listener_);
}

std::string tls_server::outcome() {
  if (thread_.joinable()) thread_.join();
  return outcome_;
}

void tls_server::run(tls_server_options options) {
  pollfd waiting{listener_, POLLIN, 0};
  if (::poll(&waiting, 1, 10'000) != 1) {
    outcome_ = "nobody came";
    return;
  }
  const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  const timeval limit{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(context, read_certificate(options.shown.certificate).get());
  SSL_CTX_use_PrivateKey(context, read_key(options.shown.key).get());
  if (options.version != 0) SSL_CTX_set_max_proto_version(context, options.version);
  if (!options.client_authority.empty()) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), read_certificate(options.client_authority).get());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  if (!options.alpn.empty()) SSL_CTX_set_alpn_select_cb(context, select_always, &options.alpn);
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  if (SSL_accept(ssl) != 1) {
    const char* why = ERR_reason_error_string(ERR_get_error());
    outcome_ = why != nullptr ? why : "handshake failed";
  } else {
    if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) asked_name_ = name;
    std::vector<char> buffer(64 << 10);
    while (!options.cut) {
      const int n = SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
      if (n <= 0) {
        if (SSL_get_error(ssl, n) != SSL_ERROR_ZERO_RETURN) outcome_ = "the client left without an end of TLS";
        break;
      }
      if (SSL_write(ssl, buffer.data(), n) != n) {
        outcome_ = "echo failed";
        break;
      }
    }
    if (!options.cut) SSL_shutdown(ssl);
  }
  ERR_clear_error();
  SSL_free(ssl);
  SSL_CTX_free(context);
  ::close(fd);
}

}  // namespace peelbox::test
