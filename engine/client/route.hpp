// How one build reaches its daemon: the connections that an address stands for.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/async/log.hpp"
#include "engine/docker/engine_client.hpp"
#include "transport/dialer.hpp"
#include "transport/endpoint.hpp"

namespace peelbox::client {

using http_header_list = std::vector<std::pair<std::string, std::string>>;

/// Made once from an address. Every connection of a build comes from it, so that all of them reach the same daemon.
/// Shared, because one of its coroutines may outlive the caller. On one thread.
class route {
 public:
  virtual ~route() = default;

  /// A connection that speaks HTTP/2 with the daemon's control services. Fails as transport::dial() does, within its limits;
  /// cancelling leaves nothing behind.
  virtual task<result<transport::stream_ptr>> control() = 0;

  /// Whether sessions have an entry of their own (POST /session); else they go through Control.Session.
  virtual bool has_session_entry() const noexcept { return false; }
  /// A connection on which the daemon is the HTTP/2 client of our session. errc::internal where there is no such entry.
  virtual task<result<transport::stream_ptr>> session(http_header_list headers);

  /// The engine whose embedded BuildKit this is; nullptr for a standalone BuildKit.
  virtual const docker::engine_client* embedding_engine() const noexcept { return nullptr; }

  /// What messages call the daemon: "unix:///run/…", "docker:// (unix:///var/run/docker.sock, DOCKER_HOST)".
  const std::string& name() const noexcept { return name_; }
  const transport::endpoint& address() const noexcept { return address_; }
  /// `:authority` and `:scheme` of requests.
  std::string authority() const;
  bool uses_tls() const noexcept { return !dial_.tls.empty(); }
  /// How much longer than over a socket the first answer on a connection may take: with ssh:// and its like a person may
  /// have to unlock a key.
  std::chrono::milliseconds patience() const noexcept;

 protected:
  route(transport::endpoint address, transport::dial_options dial, std::string name)
      : address_(std::move(address)), dial_(std::move(dial)), name_(std::move(name)) {}

  transport::endpoint address_;
  transport::dial_options dial_;
  std::string name_;
};

/// Resolves docker:// and docker-container:// with Docker's configuration, without dialling. errc::usage for
/// contexts that do not exist and TLS options that do not go with the address. `log` must outlive the route.
result<std::shared_ptr<route>> make_route(transport::endpoint address, transport::dial_options dial,
                                          const environment& variables, const logger& log);

}  // namespace peelbox::client
