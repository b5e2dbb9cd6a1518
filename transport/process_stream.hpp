// A helper program's stdin and stdout as a stream: ssh, kubectl, podman, nerdctl.
#pragma once

#include <string>
#include <vector>

#include "transport/stream.hpp"

namespace peelbox::transport {

/// Starts `argv` (looked up in PATH) and talks to it. When the program ends by itself, the end of the stream is a
/// failure with its exit code and the last lines of its stderr. Closing the stream ends and reaps it. `name` is what
/// messages call the connection.
task<result<stream_ptr>> start_process_stream(std::vector<std::string> argv, std::string name);

}  // namespace peelbox::transport
