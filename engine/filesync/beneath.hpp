// Opening paths that must stay below a directory.
#pragma once

#include <fcntl.h>

#include <string>

#include "engine/async/failure.hpp"
#include "engine/async/unique_fd.hpp"

namespace peelbox::filesync {

/// Reason of an errno. Also ELOOP, which here means that a link stands where none was announced, is
/// errc::not_found.
failure errno_reason(int error_number);

/// Opens `path` ("" is the directory itself) below `root`, following no link on the way and none at its end;
/// gives the descriptor or -1 with errno. Paths longer than the system takes in one piece are walked name by
/// name. O_CLOEXEC is added to `flags`.
int open_beneath(int root, const std::string& path, int flags) noexcept;

}  // namespace peelbox::filesync
