// What --tlscacert, --tlscert, --tlskey, --tlsservername and --tlsdir say, as values.
#pragma once

#include <string>

#include "engine/async/failure.hpp"
#include "transport/tls_material.hpp"

namespace peelbox::transport {

/// TLS is used when one of these is set (cmd/buildctl/common/common.go).
struct tls_options {
  /// Authorities that may have signed the daemon's certificate; empty: those of the system.
  tls_material ca;
  /// The system's authorities count beside `ca`, as those of a registry do in Docker's certs.d.
  bool system_too = false;
  /// Certificate (with its chain) and key that we show to the daemon; both or neither.
  tls_material certificate;
  tls_material key;
  /// The name (or IP address) that the daemon's certificate has to carry; empty: the host of the address.
  std::string server_name;
  /// What ALPN offers (RFC 7301). Set by the program: an HTTP/1.1 connection that will be upgraded needs
  /// "http/1.1".
  std::string protocol = "h2";
  /// False: any certificate will do, so whoever is in between can read everything. For registries that a person calls
  /// insecure and configurations of others that say so (insecure-skip-tls-verify of Kubernetes), never for daemons.
  bool verify = true;

  bool empty() const noexcept {
    return ca.empty() && certificate.empty() && key.empty() && server_name.empty();
  }
};

/// The files of --tlsdir: ca.pem or ca.crt, cert.pem or tls.crt, key.pem or tls.key. Fails when the directory or one
/// of the three is missing. Reads names only.
result<tls_options> tls_options_of_directory(const std::string& directory);

}  // namespace peelbox::transport
