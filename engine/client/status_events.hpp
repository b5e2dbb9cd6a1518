// Control.Status messages as events of the progress picture.
#pragma once

#include "engine/progress/event.hpp"
#include "proto/control.pb.h"

namespace peelbox::client {

/// Translates field by field. Times stay in the daemon's clock (api/services/control/control.proto StatusResponse).
progress::batch to_events(moby::buildkit::v1::StatusResponse message);

/// RFC 3339 with nanoseconds, as in the header buildkit-current-timestamp; std::nullopt when malformed.
std::optional<progress::wall_time> parse_rfc3339(std::string_view text);

}  // namespace peelbox::client
