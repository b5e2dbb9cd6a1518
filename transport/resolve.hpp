// Host name -> addresses.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::transport {

/// All addresses of `host` in the system's order of preference, without repetition, at most 16. An IP address needs
/// no look-up.
///
/// The look-up runs on a thread of its own, because getaddrinfo cannot be interrupted. When `limit` passes or the caller
/// is cancelled, nobody waits for that thread: it ends by itself and uses nothing of the caller's.
task<result<std::vector<asio::ip::tcp::endpoint>>> resolve(std::string host, std::uint16_t port,
                                                           std::chrono::milliseconds limit);

}  // namespace peelbox::transport
