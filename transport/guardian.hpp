// The parent of a program that must not outlive us.
#pragma once

#include "transport/become.hpp"

namespace peelbox::transport {

/// Runs in a forked child, without exec: starts the program as its own child (see become()), and ends when that and all it
/// left behind have ended. When the other end of `lifeline` is closed, in whatever way, it sends SIGTERM to the program's
/// group and after `grace_ms` kills all that is left.
[[noreturn]] void guard(char* const* argv, child_descriptors use, int null, int report, int lifeline, int grace_ms);

}  // namespace peelbox::transport
