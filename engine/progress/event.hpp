// What the daemon (and our own session) report about a build, as plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peelbox::progress {

/// Nanoseconds since 1970. Times of the daemon are in the daemon's clock; `trace` moves them into ours.
using wall_time = std::chrono::sys_time<std::chrono::nanoseconds>;
using duration = std::chrono::nanoseconds;

/// All vertices with one group id are shown as one step. (ops.proto ProgressGroup)
struct progress_group {
  std::string id;
  std::string name;
  bool weak = false;
};

/// The full state of one vertex at one moment; replaces what was known of that digest. (client/graph.go Vertex)
struct vertex {
  std::string digest;
  std::vector<std::string> inputs;
  std::string name;
  bool cached = false;
  std::optional<wall_time> started;
  std::optional<wall_time> completed;
  std::string error;
  std::optional<progress_group> group;
};

/// One piece of work inside a vertex: a layer download, an upload. Full state, keyed by (vertex, id).
/// `current` and `total` are bytes or counts; total 0 means unknown.
struct status {
  std::string id;
  std::string vertex;
  std::string name;
  std::int64_t current = 0;
  std::int64_t total = 0;
  std::optional<wall_time> timestamp;
  std::optional<wall_time> started;
  std::optional<wall_time> completed;
};

/// A piece of what a process printed; ends anywhere, also inside a character. stream: 1 stdout, 2 stderr.
struct log_chunk {
  std::string vertex;
  int stream = 1;
  std::string data;
  wall_time timestamp{};
};

struct source_position {
  std::int32_t line = 0;
  std::int32_t character = 0;
};
struct source_range {
  source_position start;
  source_position end;
};
struct source_info {
  std::string filename;
  std::string data;
  std::string language;
};

/// What a frontend wants to be told to people: `brief` is one line, `detail` further ones.
struct warning {
  std::string vertex;
  std::int64_t level = 0;
  std::string brief;
  std::vector<std::string> detail;
  std::string url;
  std::optional<source_info> source;
  std::vector<source_range> ranges;
};

/// What our own session knows about one directory that it is sending; more than the daemon's byte count.
/// It is shown at the daemon's status "transferring NAME:". Times are in our clock. Values are totals so far.
struct context_transfer {
  enum class phase { scanning, sending, done, failed };

  std::uint64_t id = 0;  ///< one per transfer, given by the session
  std::string name;      ///< the name of the shared directory, such as "context"
  phase state = phase::scanning;
  std::uint64_t files_seen = 0;   ///< files announced to the daemon
  std::uint64_t files_asked = 0;  ///< files whose content the daemon wants: new and changed ones
  std::uint64_t files_sent = 0;   ///< of these, sent completely
  std::uint64_t bytes_sent = 0;   ///< content bytes
  wall_time timestamp{};
};

/// One message of Control.Status, or one report of the client itself.
struct batch {
  std::vector<vertex> vertices;
  std::vector<status> statuses;
  std::vector<warning> warnings;
  std::vector<log_chunk> logs;
  std::vector<context_transfer> transfers;
  /// What this client is doing, for people: "connecting to tcp://builder:1234". Not in rawjson.
  std::string note;
  /// Our clock minus the daemon's, when the reader knows it (response header buildkit-current-timestamp).
  /// Without it, the trace takes the first start that it sees as "now".
  std::optional<duration> clock_offset;
  /// The daemon that reported so far is gone, and another try of the build begins: what runs has been cancelled.
  bool starts_over = false;
  /// Vertices, logs and the rest were made by this client: their times need no conversion.
  bool local_clock = false;

  bool empty() const noexcept {
    return vertices.empty() && statuses.empty() && warnings.empty() && logs.empty() && transfers.empty() &&
           note.empty() && !starts_over;
  }
};

}  // namespace peelbox::progress
