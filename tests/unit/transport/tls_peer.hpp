// Certificates made on the spot, and a blocking TLS server on a thread: OpenSSL alone, none of our code.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/transport/loopback.hpp"

namespace peelbox::test {

/// A certificate with its key, both as PEM.
struct identity {
  std::string certificate;
  std::string key;
};

struct certificate_wish {
  std::string common_name = "test";
  /// As in openssl.cnf: "DNS:localhost,IP:127.0.0.1".
  std::string alternative_names = {};
  int valid_from_days = -1;
  int valid_to_days = 1;
  bool is_authority = false;
};

/// A certificate that nobody else signed.
identity self_signed(const certificate_wish& wish);

/// Signs certificates.
class authority {
 public:
  explicit authority(const std::string& name);
  /// An intermediate one.
  authority(const std::string& name, const authority& signed_by);
  identity issue(const certificate_wish& wish) const;
  const std::string& certificate() const { return self_.certificate; }

 private:
  identity self_;
};

struct tls_server_options {
  identity shown;
  /// Not empty: a client certificate of this authority is required.
  std::string client_authority;
  /// A highest version other than 0: TLS1_2_VERSION.
  int version = 0;
  /// Length-prefixed name that the server selects whatever the client offers; empty: no ALPN.
  std::string alpn = std::string("\x02h2");
  /// Closes the socket after the handshake without an end of TLS.
  bool cut = false;
};

/// Accepts one connection on 127.0.0.1, does the handshake, echoes until the client ends and answers its end.
/// Every wait of the thread has a limit.
class tls_server {
 public:
  explicit tls_server(tls_server_options options);
  ~tls_server();
  std::uint16_t port() const { return port_; }
  /// Joins. "": went well; else what went wrong on the server's side.
  std::string outcome();
  /// The name that the client asked for (SNI); after outcome().
  const std::string& asked_name() const { return asked_name_; }

 private:
  void run(tls_server_options options);
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::string outcome_;
  std::string asked_name_;
  std::thread thread_;
};

void write_file(const std::string& path, const std::string& text);

}  // namespace peelbox::test
