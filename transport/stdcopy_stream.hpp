// The stdout part of an engine's exec as a stream.
#pragma once

#include <string>

#include "transport/stream.hpp"

namespace peelbox::transport {

/// read() returns what the program writes to its stdout. The last lines of its stderr are kept: when the connection ends
/// after such lines, or before anything came from stdout, the end is a failure with these lines.
stream_ptr make_stdcopy_stream(stream_ptr inner, std::string name);

}  // namespace peelbox::transport
