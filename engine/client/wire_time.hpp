// The daemon's times.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/progress/event.hpp"
#include "proto/status.pb.h"

namespace peelbox::client {

/// As far as a clock of 64 bits of nanoseconds goes; what lies outside is taken to its end.
inline progress::wall_time to_wall_time(const wire::Timestamp& stamp) {
  constexpr std::int64_t latest = 9'000'000'000;  // in the year 2255
  return progress::wall_time(std::chrono::seconds(std::clamp<std::int64_t>(stamp.seconds(), 0, latest)) + std::chrono::nanoseconds(stamp.nanos()));
}

}  // namespace peelbox::client
