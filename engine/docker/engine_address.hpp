// Where the Docker engine listens: DOCKER_HOST, contexts, the usual sockets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/docker/config.hpp"
#include "transport/dialer.hpp"
#include "transport/endpoint.hpp"

namespace peelbox::docker {

/// How the engine is reached, and why there.
struct engine_address {
  /// unix, tcp or ssh; with ssh the other end runs `docker system dial-stdio`.
  transport::endpoint where;
  transport::tls_options tls;
  /// "DOCKER_HOST", "docker context \"name\"", "Docker's default socket".
  std::string source;
};

/// [p] A host as Docker writes it: "unix:///path", "tcp://host[:port]" (port 2375, with TLS 2376), "ssh://…",
/// "http://", "https://" (docker/cli, opts/hosts.go). errc::usage names `source`.
result<engine_address> parse_engine_host(std::string_view host, bool tls, std::string source);

/// [p] The meta.json of a context (docker/cli, cli/context/store). errc::usage names `file`.
struct context_meta {
  std::string name;
  std::string host;
  bool skip_verify = false;
};
result<context_meta> parse_context_meta(std::string_view json, std::string_view file);

/// The engine of `context`, or, when that is empty, the one the docker command would use: DOCKER_HOST (with
/// DOCKER_TLS_VERIFY and DOCKER_CERT_PATH), DOCKER_CONTEXT, currentContext of config.json, the default socket. Without
/// a socket of root's engine a rootless one below XDG_RUNTIME_DIR is used if it is there. Reads files; a context that
/// does not exist is errc::usage and names those that do.
result<engine_address> find_engine(const environment& variables, std::string_view context);

}  // namespace peelbox::docker
