// What OpenSSL reports -> a failure that says what to do. For transport/tls_*.cpp only.
#pragma once

#include <openssl/ssl.h>

#include <string>

#include "engine/async/failure.hpp"
#include "transport/tls_options.hpp"

namespace peelbox::transport {

/// What is wrong with the peer's certificate, as found while it was verified.
struct certificate_report {
  long error = X509_V_OK;
  /// Names and addresses of the certificate: "a.example, b.example, 10.0.0.1". Text of the peer.
  std::string names;
  std::string not_before;
  std::string not_after;
};

/// What an explanation may need to name.
struct tls_peer {
  /// The connection: "tcp://host:1234".
  std::string name;
  /// The name or IP address that the certificate has to carry.
  std::string expected;
  tls_options options;
  certificate_report report;
};

/// Notes the first error of the verification in `report`.
void note_certificate_error(X509_STORE_CTX* verification, certificate_report& report);

/// Why the certificate was refused; `report.error` has to be set.
failure explain_certificate(const tls_peer& peer);

/// `error`: the entry of OpenSSL's queue that ended the handshake or a read.
failure explain_tls_error(const tls_peer& peer, unsigned long error);

}  // namespace peelbox::transport
