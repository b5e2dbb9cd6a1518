// Events -> what is going on now.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/progress/event.hpp"
#include "engine/progress/sanitize.hpp"

namespace peelbox::progress {

/// What the trace keeps at most. Anything beyond is dropped, oldest first where that makes sense.
struct trace_limits {
  std::size_t vertices = 200'000;
  std::size_t log_tail = 10;            ///< lines per step
  std::size_t line_bytes = 8 * 1024;    ///< a longer line is split
  std::size_t statuses_per_step = 256;
  std::size_t warnings_per_step = 64;
  std::size_t error_bytes = 8 * 1024;
  /// False: lines() gives only lines that may stay in the tail, so the rest of a large log is skipped.
  bool every_line = true;
};

/// Makes an error readable: (the daemon's message, the step's name) -> text, which is sanitised afterwards. Null: the
/// message as it is.
using error_reader = std::string (*)(std::string_view message, std::string_view step_name);

enum class step_state { announced, running, done, cached, failed, cancelled };

/// One status of a step, in our clock and with harmless text.
struct step_status {
  std::string id;
  std::int64_t current = 0;
  std::int64_t total = 0;
  std::optional<wall_time> started;
  std::optional<wall_time> completed;
  wall_time updated{};
  /// Set when this is the transfer of a directory by our session.
  std::optional<context_transfer> transfer;
  /// Of the transfer, in bytes per second: smoothed over the last seconds, and over its whole time once it has ended.
  double rate = 0;
  std::optional<wall_time> transfer_since;  ///< its first report
  std::uint32_t member = 0;  ///< vertex index, for groups
};

struct step_warning {
  std::string brief;
  std::vector<std::string> detail;
  std::string url;
  std::string where;  ///< "Dockerfile:4", as far as the daemon tells it
};

struct tail_line {
  duration at{};  ///< since the start of the step's latest interval
  int stream = 1;
  std::string text;
};

/// The last lines of a log, oldest first.
class log_tail {
 public:
  void push(duration at, int stream, std::string_view text, std::size_t most) {
    if (most == 0) return;
    if (ring_.size() < most) {
      ring_.push_back({at, stream, std::string(text)});
      return;
    }
    tail_line& oldest = ring_[first_];
    oldest.at = at;
    oldest.stream = stream;
    oldest.text.assign(text);
    if (++first_ == ring_.size()) first_ = 0;
  }
  std::size_t size() const noexcept { return ring_.size(); }
  bool empty() const noexcept { return ring_.empty(); }
  const tail_line& operator[](std::size_t i) const noexcept { return ring_[(first_ + i) % ring_.size()]; }

 private:
  std::vector<tail_line> ring_;
  std::size_t first_ = 0;
};

/// One line of the display: a vertex, or all vertices of a progress group. Text in it is sanitised.
struct step {
  std::string digest;  ///< of the (first) vertex, as the daemon wrote it
  std::string name;
  std::string error;
  step_state state = step_state::announced;
  /// Whether it is shown: it has started or failed, and is not a group of weak members only.
  bool visible = false;
  bool one_vertex = false;                 ///< so the next two tell how long it took; else trace::elapsed() adds up
  duration ran{0};                         ///< in runs that have ended
  std::optional<wall_time> running_since;
  std::optional<wall_time> completed;      ///< latest end, once nothing of it runs
  std::optional<wall_time> latest_start;
  std::vector<step_status> statuses;
  std::vector<step_warning> warnings;
  log_tail tail;
  /// The daemon's notice that it left out some of the output, such as "[output clipped, log limit 2MiB reached]".
  std::string clipped;

  bool finished() const noexcept { return state != step_state::announced && state != step_state::running; }
  bool has_open_status() const noexcept;
};

/// A complete log line of the last apply(); `text` is valid until the next one.
struct new_line {
  std::uint32_t step = 0;
  int stream = 1;
  duration at{};
  std::string_view text;
};

/// Follows the rules of BuildKit's progress stream (PROTOCOL: client/graph.go, util/progress/progressui): full
/// snapshots per digest, several starts per vertex, late duplicates, progress groups, and daemon times converted into
/// our clock. Total over any input. Memory is bounded by `trace_limits`. Not thread-safe.
class trace {
 public:
  explicit trace(trace_limits limits = {}, error_reader readable = nullptr);
  ~trace();
  trace(trace&&) noexcept;
  trace& operator=(trace&&) noexcept;

  void apply(const batch& events, wall_time now);
  /// No more events will come: unfinished log lines become lines. changed() and lines() tell of them.
  void finish(wall_time now);

  /// Steps in the order of their announcement; the position is the step's number in this API.
  const std::deque<step>& steps() const noexcept { return steps_; }
  /// Steps that became visible, in that order.
  const std::vector<std::uint32_t>& shown() const noexcept { return shown_; }
  /// Visible steps that have not finished, in the order of their last start.
  const std::list<std::uint32_t>& unfinished() const noexcept { return unfinished_; }
  /// The step that shows a vertex, or null.
  const step* find(std::string_view digest) const;

  /// Of the last apply() or finish(): steps whose state, statuses or warnings changed (each once), and log lines
  /// (`trace_limits::every_line`).
  const std::vector<std::uint32_t>& changed() const noexcept { return changed_; }
  const std::vector<new_line>& lines() const noexcept { return lines_; }

  /// How long the step has run: its intervals united, an open one counted until `now`.
  duration elapsed(std::uint32_t step_index, wall_time now) const;
  /// The line that a running step is writing and has not ended.
  std::string_view unfinished_line(std::uint32_t step_index) const;

  std::optional<wall_time> first_start() const noexcept { return first_start_; }
  std::size_t visible_count() const noexcept { return shown_.size(); }
  std::size_t finished_count() const noexcept { return shown_.size() - unfinished_.size(); }
  std::size_t cached_count() const noexcept { return cached_; }

 private:
  struct member;
  struct group_counts;
  struct place {
    std::size_t begin, size;
  };
  struct unjoined_status {
    std::uint32_t step;
    std::string id;
  };
  struct string_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
  };
  using index_map = std::unordered_map<std::string, std::uint32_t, string_hash, std::equal_to<>>;

  void begin(wall_time now);
  void end();
  void cancel_running(wall_time now);
  void apply_vertex(const vertex& v, wall_time now);
  bool apply_start(member& m, const vertex& v);
  static void add_up(const member& m, step& s);
  void apply_status(const status& s, wall_time now);
  void apply_warning(const warning& w);
  void apply_log(const log_chunk& l);
  void apply_transfer(const context_transfer& t);

  std::optional<std::uint32_t> member_of(std::string_view digest) const;
  std::optional<std::uint32_t> add_member(const vertex& v);
  void refresh_step(std::uint32_t step_index, const member& m);
  void mark(std::uint32_t step_index);
  void add_line(const member& m, int stream, wall_time time, std::size_t begin, std::size_t size);
  void keep_tail(step& s, std::size_t first);
  void flush_lines(member& m);
  wall_time local(wall_time t) const noexcept;

  trace_limits limits_;
  error_reader readable_;
  std::deque<step> steps_;
  std::vector<std::vector<std::uint32_t>> members_of_step_;
  std::vector<group_counts> counts_;
  std::vector<member> members_;
  index_map by_digest_;
  index_map by_group_;
  std::vector<std::uint32_t> shown_;
  std::list<std::uint32_t> unfinished_;
  std::vector<std::list<std::uint32_t>::iterator> in_unfinished_;  // by step; valid while it is there
  std::size_t cached_ = 0;

  std::vector<std::uint32_t> changed_;
  std::vector<bool> is_changed_;
  std::vector<new_line> lines_;
  std::string line_text_;                  // all text of lines_
  std::vector<place> places_;              // where each of lines_ is in it; the views are set in end()
  std::vector<std::uint32_t> with_partial_line_;

  std::vector<context_transfer> waiting_transfers_;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> joined_transfers_;
  std::vector<unjoined_status> unjoined_statuses_;
  std::optional<duration> offset_;
  bool local_clock_ = false;
  std::optional<wall_time> first_start_;
  mutable std::uint32_t last_member_ = 0;
};

}  // namespace peelbox::progress
