// Which daemon to talk to when nobody named one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/async/asio.hpp"
#include "engine/async/failure.hpp"
#include "engine/async/log.hpp"
#include "transport/dialer.hpp"
#include "transport/endpoint.hpp"

namespace peelbox::build {

/// An address and where it comes from ("--buildkit", "BUILDKIT_HOST", "default socket").
struct candidate {
  std::string address;
  std::string source;
};

/// A variable of the environment; std::nullopt when it is not set.
using environment = std::function<std::optional<std::string>(std::string_view name)>;

/// A named address is the only candidate; else the standalone daemon's sockets, of root and of the user.
std::vector<candidate> candidates(const std::optional<std::string>& flag, const environment& env);

struct found_daemon {
  transport::endpoint address;
  std::string source;
};

/// The first candidate that accepts a connection. A named address is not tried, only parsed: its errors come from the
/// build itself. When none works the failure lists every attempt with its reason and how to start a daemon.
task<result<found_daemon>> find_daemon(std::optional<std::string> flag, environment env,
                                       transport::dial_options options, const logger& log);

}  // namespace peelbox::build
