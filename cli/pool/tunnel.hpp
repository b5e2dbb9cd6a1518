// A local socket whose every connection is a stream of its own to a pod.
#pragma once

#include <memory>
#include <string>

#include "cli/pool/current_pod.hpp"
#include "engine/async/task_group.hpp"
#include "transport/socket_stream.hpp"

namespace peelbox::cli::pool {

/// Where to listen: a port of 127.0.0.1 (0: any that is free), or a socket in the file system.
struct tunnel_place {
  std::uint16_t port = 0;
  std::string socket;  ///< not empty: instead of a port
};

/// At most `most_connections` at a time; others wait to be accepted. A connection whose pod cannot be reached is tried on
/// another one once, then closed, and the reason is said. What its client has sent is lost then, as with any broken connection. One thread.
class tunnel : public std::enable_shared_from_this<tunnel> {
 public:
  static constexpr unsigned most_connections = 64;

  /// Listens, but accepts nothing yet. errc::io with the port or name.
  static result<std::shared_ptr<tunnel>> listen(pool_view_ptr pool, std::string arch, const tunnel_place& at, executor ex);

  /// "tcp://127.0.0.1:40123", "unix:///tmp/…"
  const std::string& address() const noexcept { return address_; }
  current_pod& target() noexcept { return target_; }

  /// Accepts until it is cancelled.
  task<result<void>> run();
  /// Waits until a daemon has answered through the socket itself. run() must be under way. Failures: those of the API and of
  /// client::with_daemon().
  task<result<void>> probe();

 private:
  struct listener;
  tunnel(pool_view_ptr pool, std::string arch, std::shared_ptr<listener> on, std::string address, const executor& ex);
  task<result<void>> accept(task_group& group);
  task<result<void>> serve(transport::stream_ptr client);
  task<result<transport::stream_ptr>> reach();

  pool_view_ptr pool_;
  current_pod target_;
  std::shared_ptr<listener> on_;
  std::string address_;
  unsigned open_ = 0;
  event closed_;
};

}  // namespace peelbox::cli::pool
