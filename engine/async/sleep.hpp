// A wait for nothing but time.
#pragma once

#include <chrono>

#include "engine/async/asio.hpp"
#include "engine/async/event.hpp"

namespace peelbox {

/// Returns wake::timed_out after `time`, or wake::cancelled at once when the coroutine is cancelled.
task<wake> sleep_for(std::chrono::steady_clock::duration time);

}  // namespace peelbox
