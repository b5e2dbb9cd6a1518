// Times and durations for people and for programs.
#pragma once

#include <string>

#include "engine/progress/event.hpp"

namespace peelbox::cli {

/// Of this machine's clock.
progress::wall_time time_now();
/// "5 minutes ago"
std::string time_ago(progress::duration since);
/// RFC 3339, whole seconds.
std::string utc_time(progress::wall_time t);

}  // namespace peelbox::cli
