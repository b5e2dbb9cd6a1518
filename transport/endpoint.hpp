// Where a daemon listens, as written in --addr and BUILDKIT_HOST. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/async/failure.hpp"

namespace peelbox::transport {

/// How a daemon is reached (client/client.go and client/connhelper/ of BuildKit).
enum class scheme {
  unix_socket,
  tcp,
  docker,
  docker_container,
  podman_container,
  nerdctl_container,
  kube_pod,
  ssh,
  npipe,
  spawn,  ///< "spawn:", a daemon of our own for one build
};

/// "unix", "docker-container", …
std::string_view to_string(scheme kind) noexcept;

struct endpoint {
  scheme kind = scheme::unix_socket;
  /// The address as it was written, for messages.
  std::string text;
  /// unix: the socket's path; a leading '@' names a socket of Linux's abstract namespace.
  std::string path;
  /// tcp: a name or an IP address without brackets (IPv6 may carry "%zone").
  std::string host;
  std::uint16_t port = 0;
  /// All other schemes: what follows "://".
  std::string rest;

  /// `:authority` of requests: "host:port", IPv6 in brackets; "localhost" for what has no host. With an explicit TLS
  /// server name that name is used instead; the daemon does not check it.
  std::string authority() const;
  bool operator==(const endpoint&) const = default;
};

/// Any bytes -> endpoint, or errc::usage with what is wrong and an example of a right address.
result<endpoint> parse_endpoint(std::string_view text);

/// True for an IPv4 or IPv6 address (without brackets or zone).
bool is_ip_address(std::string_view host);

}  // namespace peelbox::transport
