// Opening paths that must stay below a directory.
#pragma once

#include <fcntl.h>

#include <string>

#include "engine/async/failure.hpp"
#include "engine/async/unique_fd.hpp"

namespace peelbox::filesync {

/// The reason for an errno. ELOOP, which here means that there is a link where none was announced, becomes
/// errc::not_found.
failure errno_reason(int error_number);

/// Opens `path` ("" is the directory itself) below `root`, following no link on the way and none at its end;
/// returns the descriptor, or -1 with errno. A path that is too long for one system call is walked name by
/// name. O_CLOEXEC is added to `flags`.
int open_beneath(int root, const std::string& path, int flags) noexcept;

}  // namespace peelbox::filesync
