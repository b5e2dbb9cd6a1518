// Stands between a client and a daemon: counts bytes, and holds them back for a while.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/async/failure.hpp"
#include "transport/endpoint.hpp"

namespace peelbox::cli::bench {

struct relayed {
  std::uint64_t to_daemon = 0;  ///< bytes
  std::uint64_t to_client = 0;
  std::uint64_t connections = 0;
};

/// Listens on a unix socket and passes on what comes, in both directions, from a thread of its own. Each byte waits for half a
/// `round_trip`, whatever was sent before it; at most 8 MiB wait on one way of a connection. Setting up a connection is not delayed. The
/// destructor ends all connections. Any thread may ask for the counts.
class relay {
 public:
  /// `target` is unix:// or tcp://. failure{io} when the socket cannot be made.
  static result<std::unique_ptr<relay>> start(const std::string& socket, const transport::endpoint& target,
                                              std::chrono::microseconds round_trip);
  ~relay();
  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;

  /// "unix://…"
  const std::string& address() const noexcept { return address_; }
  relayed counts() const noexcept;

 private:
  class worker;
  relay(std::string address, std::unique_ptr<worker> work);

  std::string address_;
  std::unique_ptr<worker> worker_;
};

}  // namespace peelbox::cli::bench
