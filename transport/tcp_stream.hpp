// A stream over TCP.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "transport/endpoint.hpp"
#include "transport/stream.hpp"

namespace peelbox::transport {

/// Resolves the host of `where` (scheme tcp) and tries its addresses as address_race says, each for at most
/// `connect_limit`; the first that connects is taken and the others are given up. When none answers, the failure names the cause of every address. TCP_NODELAY and keep-alive are set.
task<result<stream_ptr>> connect_tcp(endpoint where, std::chrono::milliseconds resolve_limit,
                                     std::chrono::milliseconds connect_limit);

/// The same for addresses that are known.
task<result<stream_ptr>> connect_any(std::vector<asio::ip::tcp::endpoint> addresses, std::string name,
                                     std::chrono::milliseconds connect_limit);

/// Why one address did not work.
struct connect_attempt {
  std::string address;
  errc code = errc::connection;
  std::string cause;
};
/// "tcp://localhost:1234: connection refused (tried ::1 and 127.0.0.1)".
failure explain_attempts(const std::string& name, const std::vector<connect_attempt>& attempts);

}  // namespace peelbox::transport
