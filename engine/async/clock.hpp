// Time as an argument, so that tests can pass one that they advance.
#pragma once

#include <chrono>

namespace peelbox {

using steady_time = std::chrono::steady_clock::time_point;

/// Reads a monotonic clock. The product passes system_clock_source(); tests pass a function over a variable.
using clock_source = steady_time (*)();

inline steady_time steady_now() { return std::chrono::steady_clock::now(); }

}  // namespace peelbox
