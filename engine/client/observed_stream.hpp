// Counts the bytes of a stream.
#pragma once

#include <memory>

#include "engine/client/daemon.hpp"
#include "transport/stream.hpp"

namespace peelbox::client {

transport::stream_ptr observe(transport::stream_ptr stream, std::shared_ptr<traffic> seen);

}  // namespace peelbox::client
