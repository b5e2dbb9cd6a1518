#include "engine/progress/trace.hpp"

#include <algorithm>

#include "engine/progress/trace_parts.hpp"

namespace peelbox::progress {
namespace {

// A vertex that restarts more often than this has its oldest runs summed up.
constexpr std::size_t most_intervals = 64;
constexpr std::size_t most_groups_id_bytes = 1024;

bool is_cancellation(std::string_view error) {
  return error.ends_with("context canceled") || error.ends_with("context cancelled");
}

}  // namespace

trace::trace(trace_limits limits, error_reader readable) : limits_(limits), readable_(readable) {}
trace::~trace() = default;
trace::trace(trace&&) noexcept = default;
trace& trace::operator=(trace&&) noexcept = default;

void trace::begin(wall_time) {
  for (const std::uint32_t i : changed_) is_changed_[i] = false;
  changed_.clear();
  lines_.clear();
  places_.clear();
  line_text_.clear();
}

void trace::end() {
  // Now the text no longer moves.
  for (std::size_t i = 0; i < lines_.size(); ++i)
    lines_[i].text = std::string_view(line_text_).substr(places_[i].begin, places_[i].size);
}

void trace::apply(const batch& events, wall_time now) {
  begin(now);
  local_clock_ = events.local_clock;
  if (events.clock_offset && !offset_) offset_ = std::clamp(*events.clock_offset, -longest_time, longest_time);
  if (events.starts_over) cancel_running(now);
  for (const vertex& v : events.vertices) apply_vertex(v, now);
  for (const status& s : events.statuses) apply_status(s, now);
  for (const context_transfer& t : events.transfers) apply_transfer(t);
  for (const warning& w : events.warnings) apply_warning(w);
  for (const log_chunk& l : events.logs) apply_log(l);
  // Text without a line end becomes a line when its process has ended. Its logs may be in the same message, so this comes last.
  std::erase_if(with_partial_line_, [this](std::uint32_t i) {
    member& m = members_[i];
    if (m.has_partial_line && (m.state == step_state::announced || m.state == step_state::running)) return false;
    flush_lines(m);
    return true;
  });
  end();
}

void trace::finish(wall_time now) {
  begin(now);
  for (const std::uint32_t i : with_partial_line_) flush_lines(members_[i]);
  with_partial_line_.clear();
  // Members that never started no longer keep their group unfinished.
  std::erase_if(unfinished_, [this](std::uint32_t i) {
    const step_state last = counts_[i].state(true);
    if (last == step_state::running || last == step_state::announced) return false;
    steps_[i].state = last;
    if (last == step_state::cached) ++cached_;
    mark(i);
    return true;
  });
  end();
}

wall_time trace::local(wall_time t) const noexcept {
  const wall_time safe = clamp_time(t);
  return local_clock_ ? safe : clamp_time(safe + offset_.value_or(duration{0}));
}

std::optional<std::uint32_t> trace::member_of(std::string_view digest) const {
  // Events of one vertex come in runs; this saves most look-ups.
  if (last_member_ < members_.size() && members_of_step_[members_[last_member_].step].size() == 1 &&
      steps_[members_[last_member_].step].digest == digest) {
    return last_member_;
  }
  const auto found = by_digest_.find(digest);
  if (found == by_digest_.end()) return std::nullopt;
  last_member_ = found->second;
  return found->second;
}

const step* trace::find(std::string_view digest) const {
  const auto found = member_of(digest);
  return found ? &steps_[members_[*found].step] : nullptr;
}

void trace::mark(std::uint32_t step_index) {
  if (is_changed_[step_index]) return;
  is_changed_[step_index] = true;
  changed_.push_back(step_index);
}

std::optional<std::uint32_t> trace::add_member(const vertex& v) {
  if (members_.size() >= limits_.vertices) return std::nullopt;
  std::optional<std::uint32_t> where;
  const bool grouped = v.group && !v.group->id.empty() && v.group->id.size() <= most_groups_id_bytes;
  if (grouped) {
    const auto known = by_group_.find(v.group->id);
    if (known != by_group_.end()) where = known->second;
  }
  if (!where) {
    where = static_cast<std::uint32_t>(steps_.size());
    step& s = steps_.emplace_back();
    s.digest = v.digest;
    if (grouped) {
      s.name = sanitize_line(v.group->name);
      by_group_.emplace(v.group->id, *where);
    }
    members_of_step_.emplace_back();
    counts_.emplace_back();
    is_changed_.push_back(false);
    in_unfinished_.emplace_back();
  }
  const auto index = static_cast<std::uint32_t>(members_.size());
  member& m = members_.emplace_back();
  m.step = *where;
  m.weak = grouped && v.group->weak;
  members_of_step_[*where].push_back(index);
  counts_[*where].add(m, 1);
  by_digest_.emplace(v.digest, index);
  return index;
}

void trace::cancel_running(wall_time now) {
  for (member& m : members_) {
    if (m.state != step_state::running) continue;
    step& s = steps_[m.step];
    counts_[m.step].add(m, ~0u);
    m.state = step_state::cancelled;
    if (!m.intervals.empty() && !m.intervals.back().end) {
      m.intervals.back().end = std::max(clamp_time(now), m.intervals.back().start);
      m.completed = m.intervals.back().end;
    }
    if (s.one_vertex) add_up(m, s);
    counts_[m.step].add(m, 1);
    refresh_step(m.step, m);
  }
}

void trace::apply_vertex(const vertex& v, wall_time now) {
  if (v.digest.empty() || v.digest.size() > most_groups_id_bytes) return;
  auto index = member_of(v.digest);
  if (!index) index = add_member(v);
  if (!index) return;
  member& m = members_[*index];
  step& s = steps_[m.step];
  const bool grouped = v.group && !v.group->id.empty();
  if (!v.name.empty() && s.name != v.name && (!grouped || s.name.empty())) {
    if (members_of_step_[m.step].size() == 1) {
      s.name = sanitize_line(v.name);
      mark(m.step);
    }
  }
  if (v.started && !local_clock_ && !offset_) offset_ = clamp_time(now) - clamp_time(*v.started);

  counts_[m.step].add(m, ~0u);
  const bool current = apply_start(m, v);
  s.one_vertex = members_of_step_[m.step].size() == 1;
  if (s.one_vertex) add_up(m, s);
  if (current) {
    if (!v.error.empty()) m.state = is_cancellation(v.error) ? step_state::cancelled : step_state::failed;
    else if (m.completed) m.state = v.cached ? step_state::cached : step_state::done;
    else m.state = m.latest_start ? step_state::running : step_state::announced;
    m.cached = v.cached;
    const bool first_error = s.error.empty() || members_of_step_[m.step].size() == 1;
    if (!v.error.empty() && first_error) {
      const std::string_view message = std::string_view(v.error).substr(0, limits_.error_bytes);
      s.error = readable_ ? sanitize(readable_(message, s.name)) : sanitize(message);
    }
  }
  counts_[m.step].add(m, 1);
  if (current) refresh_step(m.step, m);
}

// Records when the vertex ran, as the message has it. False: the message is older than what is known.
bool trace::apply_start(member& m, const vertex& v) {
  if (!v.started) {
    if (!v.completed && v.error.empty()) return !m.latest_start && !m.completed;
    if (v.completed) {
      m.completed = local(*v.completed);
      if (!m.intervals.empty() && !m.intervals.back().end) {
        m.intervals.back().end = std::max(*m.completed, m.intervals.back().start);
      }
    }
    return true;
  }
  const wall_time start = local(*v.started);
  std::optional<wall_time> end;
  if (v.completed) end = std::max(local(*v.completed), start);
  if (!first_start_ || start < *first_start_) first_start_ = start;

  auto known = std::find_if(m.intervals.rbegin(), m.intervals.rend(), [&](const interval& i) { return i.start <= start; });
  if (known != m.intervals.rend() && known->start == start) {
    if (!end && known->end && !(m.cached && !v.cached)) return false;  // a late duplicate
    known->end = end;
  } else {
    if (m.summed_until && start <= *m.summed_until) return false;
    m.intervals.insert(known.base(), interval{start, end});
    if (m.intervals.size() > most_intervals) {
      const interval oldest = m.intervals.front();
      const wall_time next = m.intervals[1].start;
      const duration ran = std::min(oldest.end.value_or(next), next) - oldest.start;
      m.summed = std::min(m.summed + ran, longest_time);
      m.summed_until = oldest.start;
      m.intervals.erase(m.intervals.begin());
    }
  }
  if (m.latest_start && start < *m.latest_start) return false;
  m.latest_start = start;
  m.completed = end;
  return true;
}

// The runs of a vertex, which may overlap.
void trace::add_up(const member& m, step& s) {
  s.ran = m.summed;
  s.running_since.reset();
  std::optional<wall_time> covered;
  for (const interval& run : m.intervals) {
    const wall_time from = covered ? std::max(run.start, *covered) : run.start;
    if (!run.end) {
      s.running_since = from;
      return;
    }
    if (*run.end > from) s.ran = std::min(s.ran + (*run.end - from), longest_time);
    covered = std::max(*run.end, from);
  }
}

void trace::refresh_step(std::uint32_t step_index, const member& m) {
  step& s = steps_[step_index];
  const group_counts& counts = counts_[step_index];
  const bool was_unfinished = s.visible && !s.finished();
  const bool was_cached = s.visible && s.state == step_state::cached;
  s.state = counts.state(false);
  if (counts.failed == 0 && counts.cancelled == 0) s.error.clear();
  if (m.latest_start && (!s.latest_start || *s.latest_start < *m.latest_start)) s.latest_start = m.latest_start;
  if (!s.finished()) s.completed.reset();
  else if (members_of_step_[step_index].size() == 1) s.completed = m.completed;
  else if (m.completed && (!s.completed || *s.completed < *m.completed)) s.completed = m.completed;
  if (!s.visible && (counts.strong > 0 || counts.failed > 0)) {
    s.visible = true;
    shown_.push_back(step_index);
  }
  if (was_cached) --cached_;
  if (s.visible && s.state == step_state::cached) ++cached_;
  const bool is_unfinished = s.visible && !s.finished();
  if (is_unfinished && !was_unfinished) in_unfinished_[step_index] = unfinished_.insert(unfinished_.end(), step_index);
  if (!is_unfinished && was_unfinished) unfinished_.erase(in_unfinished_[step_index]);
  mark(step_index);
}

duration trace::elapsed(std::uint32_t step_index, wall_time now) const {
  now = clamp_time(now);
  if (const step& s = steps_[step_index]; s.one_vertex) {
    const duration running = s.running_since ? std::max(now - *s.running_since, duration{0}) : duration{0};
    return std::min(s.ran + running, longest_time);
  }
  duration sum{0};
  std::vector<std::pair<wall_time, wall_time>> runs;
  for (const std::uint32_t i : members_of_step_[step_index]) {
    const member& m = members_[i];
    sum = std::min(sum + m.summed, longest_time);
    for (const interval& run : m.intervals) runs.emplace_back(run.start, std::max(run.end.value_or(now), run.start));
  }
  std::sort(runs.begin(), runs.end());
  std::optional<wall_time> covered;
  for (const auto& [from, to] : runs) {
    const wall_time begin = covered ? std::max(from, *covered) : from;
    if (to > begin) sum = std::min(sum + (to - begin), longest_time);
    covered = covered ? std::max(*covered, to) : to;
  }
  return sum;
}

}  // namespace peelbox::progress
