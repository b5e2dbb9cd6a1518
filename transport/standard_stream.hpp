// Standard input and output as a stream.
#pragma once

#include "transport/stream.hpp"

namespace peelbox::transport {

/// Reads standard input and writes standard output, whatever they are (pipes, sockets, files, a terminal): threads do
/// the blocking work, because descriptors that are shared with other programs must not be made non-blocking. The
/// threads are left behind when the stream goes away; the process ends soon after.
task<stream_ptr> open_standard_stream();

}  // namespace peelbox::transport
