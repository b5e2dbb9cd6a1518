// How one registry is reached: its name, its certificates, and whether it may be without.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/async/environment.hpp"
#include "engine/http/url.hpp"
#include "transport/tls_options.hpp"

namespace peelbox::registry {

struct host_settings {
  /// Authorities of certs.d count beside those of the system.
  transport::tls_options tls;
  /// Any certificate will do, and plain http where there is no TLS. Loopback registries are, unless they have certificates
  /// of their own, as for Docker.
  bool insecure = false;
};

/// [p] "docker.io" -> "registry-1.docker.io"; others are their own address.
std::string address_of(std::string_view registry);
/// [p] "localhost", 127.0.0.0/8 and [::1], with or without port.
bool is_loopback(std::string_view host);
/// [p] Where the registry may be, the dearest first: https, and http for an insecure one. errc::usage for an impossible
/// port.
result<std::vector<http::url>> places_of(std::string_view registry, const host_settings& settings);

/// Docker's folders of certificates: $XDG_CONFIG_HOME/docker/certs.d (~/.config), which its rootless daemon reads, then
/// /etc/docker/certs.d.
std::vector<std::string> certificate_folders(const environment& variables);
/// What those folders have under HOST[:PORT]: *.crt are authorities, X.cert with X.key is shown (docs.docker.com, "Verify
/// repository client with certificates"). The first folder that has the name counts. errc::usage for a .cert without .key
/// and the reverse; permission and io.
result<host_settings> read_settings(std::string_view host, const std::vector<std::string>& folders);
/// Whether the host is one of "insecure-registries" in daemon.json beside those folders. Networks in it count for hosts that are addresses; names are not
/// resolved.
bool is_insecure_for_docker(std::string_view host, const std::vector<std::string>& folders);

/// All of it for one host.
result<host_settings> find_settings(std::string_view host, const environment& variables);

}  // namespace peelbox::registry
