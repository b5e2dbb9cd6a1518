// Two connected transport::streams without a kernel: limited capacity, short reads, pauses, errors on demand.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "engine/async/asio.hpp"
#include "engine/async/bytes.hpp"
#include "engine/async/failure.hpp"
#include "transport/stream.hpp"

namespace peelbox::test {

/// How one end behaves and what it has done. The test keeps it (memory_pair) while the stream itself is owned by the
/// code under test. Everything may be changed at any time between two steps of the executor.
struct memory_end {
  /// Bytes that this end's write() may have under way before it waits for the other end to read.
  std::size_t capacity = 64 * 1024;
  /// The most bytes that one read() returns.
  std::size_t most_per_read = std::numeric_limits<std::size_t>::max();
  /// Every operation first lets other coroutines run.
  bool pauses = false;
  /// The operation with this number (from 0; reads, writes and shutdown_write count) breaks the connection for both
  /// ends: it and everything after it fails with errc::connection.
  std::optional<std::size_t> fail_at;

  // What happened.
  std::size_t operations = 0;
  std::size_t bytes_written = 0;
  std::size_t bytes_read = 0;
  bool closed = false;
};

struct memory_pair {
  transport::stream_ptr a;
  transport::stream_ptr b;
  std::shared_ptr<memory_end> end_a;
  std::shared_ptr<memory_end> end_b;
};

/// `b` reads what `a` writes, and the reverse. Payload slices are passed on, not copied.
/// close() of one end: its own operations end with errc::cancelled; the other end reads what is queued, then the
/// orderly end, and its writes fail with errc::connection.
memory_pair make_memory_pair(executor ex, memory_end a = {}, memory_end b = {});

}  // namespace peelbox::test
