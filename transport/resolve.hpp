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
/// The look-up runs on a thread of its own that nobody waits for, because getaddrinfo cannot be interrupted: when
/// `limit` passes or the caller is cancelled it is left behind and ends by itself without touching anything of ours.
task<result<std::vector<asio::ip::tcp::endpoint>>> resolve(std::string host, std::uint16_t port,
                                                           std::chrono::milliseconds limit);

}  // namespace peelbox::transport
