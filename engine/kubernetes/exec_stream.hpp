// A program in a container as a stream.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/http/websocket.hpp"
#include "transport/stream.hpp"

namespace peelbox::kubernetes {

/// What has become of the pod, for people: "the pod has gone". Empty: nothing, or it is not known.
using pod_fate = std::function<task<std::string>()>;

/// `on` has agreed on v5 or v4. A reader is needed all the time: servers that cannot write end the connection. `fate` (may be empty) is asked when
/// the program ended although we had not ended its input, and what it says is in the failure.
transport::stream_ptr make_exec_stream(std::unique_ptr<http::websocket> on, std::string name, pod_fate fate);

}  // namespace peelbox::kubernetes
