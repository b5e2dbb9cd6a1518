// A program's stdin and stdout as a stream, for ssh, kubectl and the like.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "transport/dial_gate.hpp"
#include "transport/stream.hpp"

namespace peelbox::transport {

/// How long a program may take until the first byte comes from the other side: with a key on a token, or an agent that
/// asks for a passphrase, a person has to act first.
inline constexpr std::chrono::seconds program_patience{120};

/// How a program is begun.
struct process_rules {
  std::chrono::milliseconds patience = program_patience;
  /// A program whose server turned it away is started again, with what was written, after growing pauses from this one
  /// on.
  std::chrono::milliseconds first_pause{300};
  unsigned most_starts = 6;
  /// Words on stderr make an end with exit code 0 a failure too. False for programs whose whole answer is on stdout.
  bool words_are_failure = true;
  /// Held until the first byte has come.
  std::shared_ptr<dial_gate> gate;
};

/// Starts `argv` in a session of its own; the stream is its stdin and stdout. Its last lines on stderr, its exit code
/// and what helps are in the failure that reports its end, and in the one when nothing has come for `patience`. Closing
/// ends it (SIGTERM, after 200 ms SIGKILL) and reaps it. errc::not_found when there is no such program.
task<result<stream_ptr>> start_process_stream(std::vector<std::string> argv, std::string name, process_rules rules);

}  // namespace peelbox::transport
