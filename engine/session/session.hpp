// The inner side of a build: the daemon calls our services.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/log.hpp"
#include "engine/session/identity.hpp"
#include "h2grpc/rpc/connection.hpp"
#include "h2grpc/rpc/server.hpp"
#include "transport/stream.hpp"

namespace peelbox::session {

/// Opens Control.Session on `control` (the outer connection that carries it) and serves `methods` to the daemon on
/// the inner connection until the daemon or close() ends it. Sources: session/session.go, session/grpchijack.
class session {
 public:
  /// A daemon that says nothing on the inner connection for `silence_limit` ends the session.
  session(identity names, h2grpc::method_table methods, const logger& log,
          std::chrono::seconds silence_limit = std::chrono::seconds(60));

  /// Runs until the session has ended; errc::closed after close(). There is no "ready" message in the protocol: a
  /// Solve that names the session may be sent at once, the daemon waits 5 s for it.
  task<failure> run(std::shared_ptr<h2grpc::connection> control);

  /// The same on a connection that carries nothing but the session's bytes: Docker's POST /session, whose request had
  /// headers() (moby, daemon/server/router/session).
  task<failure> run_on(transport::stream_ptr carrier);

  /// The headers that announce the session: its id, its shared key and the methods that it serves.
  std::vector<std::pair<std::string, std::string>> headers() const;

  /// Sends GOAWAY on the inner connection: the daemon starts no new calls, and run() ends after those under way.
  void close();

  const identity& names() const noexcept { return names_; }

 private:
  identity names_;
  h2grpc::method_table methods_;
  const logger& log_;
  std::chrono::seconds silence_limit_;
  std::shared_ptr<h2grpc::connection> inner_;
  bool closing_ = false;
};

}  // namespace peelbox::session
