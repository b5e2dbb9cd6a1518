// A program in a container as a stream.
#pragma once

#include <memory>
#include <string>

#include "engine/http/websocket.hpp"
#include "transport/stream.hpp"

namespace peelbox::kubernetes {

/// `on` has agreed on v5 or v4. A reader is needed all the time: servers that cannot write end the connection.
transport::stream_ptr make_exec_stream(std::unique_ptr<http::websocket> on, std::string name);

}  // namespace peelbox::kubernetes
