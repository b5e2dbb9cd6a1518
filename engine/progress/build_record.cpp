#include "engine/progress/build_record.hpp"

#include <algorithm>
#include <unordered_map>

namespace peelbox::progress {

namespace {

constexpr std::size_t most_runs = 64;
constexpr std::size_t most_inputs = 4096;
constexpr std::size_t most_transfers = 64;
/// What a line costs besides its text.
constexpr std::size_t line_cost = sizeof(recorded_line);

}  // namespace

void build_record::add(const batch& events, const trace& picture, wall_time) {
  steps_.resize(picture.steps().size());
  // By digest, not by step: the step of a group stands for many digests.
  std::unordered_map<const step*, std::uint32_t> changed;
  for (const std::uint32_t index : picture.changed()) {
    const step& now = picture.steps()[index];
    changed.emplace(&now, index);
    step_record& mine = steps_[index];
    if (!now.latest_start) continue;
    if (mine.runs.empty() || mine.runs.back().start < *now.latest_start) {
      if (mine.runs.size() == most_runs) mine.runs.erase(mine.runs.begin() + 1);
      if (!mine.runs.empty() && !mine.runs.back().end) mine.runs.back().end = *now.latest_start;
      mine.runs.push_back({*now.latest_start, std::nullopt});
    }
    mine.runs.back().end.reset();
    if (now.completed) mine.runs.back().end = std::max(*now.completed, mine.runs.back().start);
  }
  for (const vertex& v : events.vertices) {
    if (v.inputs.empty()) continue;
    const auto index = changed.find(picture.find(v.digest));
    if (index == changed.end()) continue;
    std::vector<std::string>& inputs = steps_[index->second].inputs;
    for (const std::string& digest : v.inputs)
      if (inputs.size() < most_inputs && std::find(inputs.begin(), inputs.end(), digest) == inputs.end())
        inputs.push_back(digest);
  }
  for (const context_transfer& t : events.transfers) add_transfer(t);
  for (const new_line& line : picture.lines()) add_line(line);
}

void build_record::add_line(const new_line& line) {
  step_record& mine = steps_[line.step];
  const std::size_t cost = line.text.size() + line_cost;
  recorded_line kept{line.at, line.stream, std::string(line.text)};
  const bool room = all_bytes_ + cost <= limits_.all_bytes;
  if (room && mine.last.empty() && mine.dropped == 0 && mine.first_bytes + cost <= limits_.first_bytes_per_step) {
    mine.first_bytes += cost;
    all_bytes_ += cost;
    mine.first.push_back(std::move(kept));
    return;
  }
  mine.last.push_back(std::move(kept));
  mine.last_bytes += cost;
  all_bytes_ += cost;
  while (!mine.last.empty() && (mine.last_bytes > limits_.last_bytes_per_step || all_bytes_ > limits_.all_bytes)) {
    const std::size_t gone = mine.last.front().text.size() + line_cost;
    mine.last.pop_front();
    mine.last_bytes -= gone;
    all_bytes_ -= gone;
    ++mine.dropped;
  }
}

void build_record::add_transfer(const context_transfer& t) {
  auto known = std::find_if(transfers_.begin(), transfers_.end(),
                            [&](const recorded_transfer& r) { return r.last.id == t.id && r.name == t.name; });
  if (known == transfers_.end()) {
    if (transfers_.size() == most_transfers) return;
    known = transfers_.insert(transfers_.end(), recorded_transfer{sanitize_line(t.name), t.timestamp, std::nullopt, t});
  }
  if (t.state != context_transfer::phase::scanning && !known->sending_since) known->sending_since = t.timestamp;
  known->last = t;
}

build_picture build_record::finish(const trace& picture, std::string title, std::string error, wall_time now) const {
  build_picture out;
  out.title = sanitize_line(title);
  out.error = sanitize(error);
  out.began = began_;
  out.ended = std::max(now, began_);
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < steps_.size(); ++i)
    if (!steps_[i].runs.empty() || picture.steps()[i].state == step_state::failed) order.push_back(i);
  const auto first_start = [&](std::uint32_t i) { return steps_[i].runs.empty() ? out.ended : steps_[i].runs.front().start; };
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return first_start(a) < first_start(b); });
  std::unordered_map<const step*, std::uint32_t> positions;
  for (std::uint32_t at = 0; at < order.size(); ++at) positions.emplace(&picture.steps()[order[at]], at);
  for (const std::uint32_t i : order) {
    const step& from = picture.steps()[i];
    const step_record& mine = steps_[i];
    recorded_step& to = out.steps.emplace_back();
    to.name = from.name;
    to.digest = sanitize_line(from.digest);
    to.error = from.error;
    to.state = from.state;
    to.runs = mine.runs;
    to.parts = from.statuses;
    to.warnings = from.warnings;
    to.log = mine.first;
    to.first_lines = mine.first.size();
    to.log.insert(to.log.end(), mine.last.begin(), mine.last.end());
    to.dropped_lines = mine.dropped;
    for (const std::string& digest : mine.inputs) {
      const auto found = positions.find(picture.find(digest));
      if (found == positions.end() || order[found->second] == i) continue;
      if (std::find(to.inputs.begin(), to.inputs.end(), found->second) == to.inputs.end()) to.inputs.push_back(found->second);
    }
    for (const recorded_run& run : mine.runs) {
      out.began = std::min(out.began, run.start);
      out.ended = std::max(out.ended, run.end.value_or(run.start));
    }
  }
  out.transfers = transfers_;
  return out;
}

}  // namespace peelbox::progress
