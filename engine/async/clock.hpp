// The time, for what waits and for what is compared with files.
#pragma once

#include <chrono>
#include <cstdint>

namespace peelbox {

using steady_time = std::chrono::steady_clock::time_point;

/// The time of the monotonic clock. Code that decides by time takes a steady_time as an argument instead, so that its
/// tests can pass any time; engine/progress/pacing.hpp is an
/// example.
inline steady_time steady_now() { return std::chrono::steady_clock::now(); }

/// The wall clock in nanoseconds since the epoch, as files have their times. It may be set back.
inline std::int64_t wall_clock() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace peelbox
