// Standard input and output as a stream.
#pragma once

#include <atomic>
#include <memory>

#include "transport/stream.hpp"

namespace peelbox::transport {

/// Reads standard input and writes standard output, whatever they are (pipes, sockets, files, a terminal): threads do
/// the blocking work, because descriptors that are shared with other programs must not be made non-blocking. What was given
/// to it is written when the stream has gone away; the thread that reads is left behind, as the process ends soon after.
struct standard_streams {
  stream_ptr both;
  /// errno of standard output, or 0. Final when `both` is gone.
  std::shared_ptr<const std::atomic<int>> write_error;
};
task<standard_streams> open_standard_stream();

/// Standard input alone, in the same way; standard output stays as it is. Nothing can be written to it.
task<stream_ptr> open_standard_input();

}  // namespace peelbox::transport
