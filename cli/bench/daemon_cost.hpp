// What a daemon on this machine spends.
#pragma once

#include <sys/types.h>

#include <optional>

#include "transport/endpoint.hpp"

namespace peelbox::cli::bench {

/// The process that listens on a unix socket, as the kernel tells whoever connects; none for other addresses and for processes of another
/// PID namespace.
std::optional<pid_t> process_behind(const transport::endpoint& address);

/// CPU seconds of a process and of its children that have ended; none when /proc does not tell.
std::optional<double> cpu_of(pid_t process);

}  // namespace peelbox::cli::bench
