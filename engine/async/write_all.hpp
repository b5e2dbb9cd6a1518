// Bytes to a descriptor that others share: all of them, or an error.
#pragma once

#include <string_view>

namespace peelbox {

/// Waits for room where the descriptor is non-blocking, which its other owners may have made it at any time. 0, or the
/// errno of the write that failed. Blocks. No SIGPIPE protection: the program ignores that signal.
int write_all(int fd, std::string_view bytes) noexcept;

/// After EAGAIN: blocks until `fd` takes more, or has an error to tell.
void wait_writable(int fd) noexcept;

/// Asks for the errors of delayed writes (quota, network file systems), which show when a descriptor is closed. `fd` stays
/// open. 0, or errno.
int flush_errors(int fd) noexcept;

}  // namespace peelbox
