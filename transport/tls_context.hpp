// tls_options -> a configured OpenSSL context. For transport/tls_*.cpp only.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "engine/async/failure.hpp"
#include "transport/tls_options.hpp"

namespace peelbox::transport {

struct ssl_deleter {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using ssl_context_ptr = std::unique_ptr<SSL_CTX, ssl_deleter>;
using ssl_ptr = std::unique_ptr<SSL, ssl_deleter>;
using x509_ptr = std::unique_ptr<X509, ssl_deleter>;

/// Reads the files. TLS 1.2 or later, the peer is verified. Failures name the flag and the file, or say what was given as
/// data.
result<ssl_context_ptr> make_tls_context(const tls_options& options);

/// The newest entry of OpenSSL's error queue of this thread, for people; clears the queue.
std::string take_openssl_error();

}  // namespace peelbox::transport
