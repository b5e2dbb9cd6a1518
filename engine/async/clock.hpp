// Monotonic time.
#pragma once

#include <chrono>

namespace peelbox {

using steady_time = std::chrono::steady_clock::time_point;

/// The time of the monotonic clock. Code that decides by time takes a steady_time as an argument instead, so that its
/// tests can pass any time; engine/progress/pacing.hpp is an
/// example.
inline steady_time steady_now() { return std::chrono::steady_clock::now(); }

}  // namespace peelbox
