// A file without a name, which is gone with its last descriptor unless it is given one.
#pragma once

#include <sys/types.h>

#include <string>

#include "engine/async/unique_fd.hpp"

namespace peelbox {

/// A new file in `directory` for reading and writing (O_TMPFILE of open(2)), that name_file() can name; `mode` less the umask. None,
/// with errno set, when the directory refuses; with EOPNOTSUPP where files cannot be without a name or cannot be given one: on some
/// file systems, and without /proc.
unique_fd open_unnamed(const std::string& directory, mode_t mode) noexcept;

/// Gives it the name `path`, which must be free and on the same file system. 0, or errno.
int name_file(int unnamed, const std::string& path) noexcept;

}  // namespace peelbox
