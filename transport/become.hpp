// What a forked child does until it is the program.
#pragma once

#include <sys/types.h>

namespace peelbox::transport {

/// Which descriptors the child gets; -1 is /dev/null.
struct child_descriptors {
  int in = -1;
  int out = -1;
  int error = -1;
};

/// Becomes the program `argv[0]`, looked up in PATH, in a session of its own. Runs between fork and exec, so it only makes
/// calls that are safe there. `null` is a descriptor of /dev/null. When it fails, errno is written to `report`, which is
/// closed by a success. `death_signal` comes when `parent`, who forked us, dies.
[[noreturn]] void become(char* const* argv, child_descriptors use, int null, int report, int death_signal, pid_t parent);

/// Closes descriptors, or with CLOSE_RANGE_CLOEXEC leaves them to exec (from Linux 5.9 and 5.11 on). False: it cannot.
bool close_range_of(unsigned first, unsigned last, unsigned flags);

}  // namespace peelbox::transport
