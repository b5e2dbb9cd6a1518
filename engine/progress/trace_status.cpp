// Statuses, transfers and warnings of steps.
#include <algorithm>

#include "engine/progress/trace_parts.hpp"

namespace peelbox::progress {
namespace {

constexpr std::size_t most_waiting_transfers = 64;
constexpr std::size_t most_warning_lines = 32;

// Sets the rate from the bytes since the last report, weighted by how long ago that was.
void take_transfer(step_status& s, const context_transfer& in) {
  using seconds = std::chrono::duration<double>;
  const bool ended = in.state == context_transfer::phase::done || in.state == context_transfer::phase::failed;
  if (!s.transfer_since) s.transfer_since = in.timestamp;
  if (ended) {
    const double all = seconds(in.timestamp - *s.transfer_since).count();
    s.rate = all > 0.001 ? static_cast<double>(in.bytes_sent) / all : 0;
  } else if (s.transfer && in.timestamp > s.transfer->timestamp && in.bytes_sent >= s.transfer->bytes_sent) {
    const double passed = seconds(in.timestamp - s.transfer->timestamp).count();
    const double now = static_cast<double>(in.bytes_sent - s.transfer->bytes_sent) / passed;
    const double weight = s.rate > 0 ? std::min(passed / 2.0, 1.0) : 1.0;
    s.rate += (now - s.rate) * weight;
  }
  s.transfer = in;
}

}  // namespace

bool step::has_open_status() const noexcept {
  return std::any_of(statuses.begin(), statuses.end(), [](const step_status& s) { return !s.completed; });
}

void trace::apply_status(const status& in, wall_time now) {
  const auto index = member_of(in.vertex);
  if (!index) return;
  const std::uint32_t where = members_[*index].step;
  step& s = steps_[where];
  std::string id = sanitize_line(in.id.empty() ? in.name : in.id, 256);
  auto known = std::find_if(s.statuses.begin(), s.statuses.end(),
                            [&](const step_status& k) { return k.member == *index && k.id == id; });
  const wall_time stamp = in.timestamp ? local(*in.timestamp) : now;
  if (known == s.statuses.end()) {
    if (s.statuses.size() >= limits_.statuses_per_step) {
      const auto old = std::find_if(s.statuses.begin(), s.statuses.end(),
                                    [](const step_status& k) { return k.completed.has_value(); });
      if (old == s.statuses.end()) return;
      s.statuses.erase(old);
    }
    known = s.statuses.insert(s.statuses.end(), step_status{});
    known->id = std::move(id);
    known->member = *index;
    constexpr std::string_view prefix = "transferring ";
    if (known->id.starts_with(prefix)) {
      const std::string_view name = std::string_view(known->id).substr(prefix.size());
      const auto mine = std::find_if(waiting_transfers_.begin(), waiting_transfers_.end(),
                                     [&](const context_transfer& t) { return t.name + ":" == name || t.name == name; });
      if (mine != waiting_transfers_.end()) {
        joined_transfers_.emplace_back(mine->id, where);
        take_transfer(*known, *mine);
        waiting_transfers_.erase(mine);
      } else if (unjoined_statuses_.size() < most_waiting_transfers) {
        unjoined_statuses_.push_back({where, known->id});
      }
    }
  } else if (stamp < known->updated) {
    return;  // a late duplicate
  }
  known->current = std::max<std::int64_t>(in.current, 0);
  known->total = std::max<std::int64_t>(in.total, 0);
  known->updated = stamp;
  known->started.reset();
  known->completed.reset();
  if (in.started) known->started = local(*in.started);
  if (in.completed) known->completed = local(*in.completed);
  mark(where);
}

void trace::apply_transfer(const context_transfer& in) {
  const auto store = [&](std::uint32_t where, auto matches) {
    for (step_status& s : steps_[where].statuses) {
      if (!matches(s)) continue;
      take_transfer(s, in);
      mark(where);
      return true;
    }
    return false;
  };
  for (auto joined = joined_transfers_.begin(); joined != joined_transfers_.end(); ++joined) {
    if (joined->first != in.id) continue;
    store(joined->second, [&](const step_status& s) { return s.transfer && s.transfer->id == in.id; });
    if (in.state == context_transfer::phase::done || in.state == context_transfer::phase::failed)
      joined_transfers_.erase(joined);
    return;
  }
  for (auto open = unjoined_statuses_.begin(); open != unjoined_statuses_.end(); ++open) {
    if (open->id != "transferring " + in.name + ":" && open->id != "transferring " + in.name) continue;
    if (store(open->step, [&](const step_status& s) { return !s.transfer && s.id == open->id; })) {
      joined_transfers_.emplace_back(in.id, open->step);
    }
    unjoined_statuses_.erase(open);
    return;
  }
  for (context_transfer& t : waiting_transfers_) {
    if (t.id != in.id) continue;
    t = in;
    return;
  }
  if (waiting_transfers_.size() < most_waiting_transfers) waiting_transfers_.push_back(in);
}

void trace::apply_warning(const warning& in) {
  const auto index = member_of(in.vertex);
  if (!index) return;
  step& s = steps_[members_[*index].step];
  if (s.warnings.size() >= limits_.warnings_per_step) return;
  step_warning& w = s.warnings.emplace_back();
  w.brief = sanitize_line(in.brief);
  w.url = sanitize_line(in.url);
  if (in.source && !in.source->filename.empty()) {
    w.where = sanitize_line(in.source->filename);
    if (!in.ranges.empty()) w.where += ":" + std::to_string(in.ranges.front().start.line);
  }
  for (const std::string& line : in.detail) {
    if (w.detail.size() == most_warning_lines) break;
    w.detail.push_back(sanitize_line(line));
  }
  mark(members_[*index].step);
}

}  // namespace peelbox::progress
