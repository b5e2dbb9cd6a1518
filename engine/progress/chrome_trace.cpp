#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/progress/json_text.hpp"
#include "engine/progress/pictures.hpp"

namespace peelbox::progress {

namespace {

// "Processes" of the trace: groups of lanes.
constexpr int steps_group = 1;
constexpr int parts_group = 2;
/// Log lines that a step's arguments repeat.
constexpr std::size_t shown_lines = 20;

struct slice {
  wall_time from;
  wall_time to;
  std::size_t step = 0;
  std::size_t lane = 0;
};

/// Whether `next`, which does not start earlier, may follow `last` in its lane. Slices may touch; but viewers draw one without
/// length that touches another one as part of it.
bool fits_after(const slice& last, const slice& next) {
  const bool without_length = last.from == last.to || next.from == next.to;
  return without_length ? last.to < next.from : last.to <= next.from;
}

/// Gives each slice the first lane that is free when it starts. Slices come in the order of their starts.
void assign_lanes(std::vector<slice>& slices) {
  std::stable_sort(slices.begin(), slices.end(), [](const slice& a, const slice& b) { return a.from < b.from; });
  std::vector<const slice*> last;
  for (slice& s : slices) {
    std::size_t lane = 0;
    while (lane < last.size() && !fits_after(*last[lane], s)) ++lane;
    if (lane == last.size()) last.emplace_back();
    last[lane] = &s;
    s.lane = lane;
  }
}

class trace_writer {
 public:
  explicit trace_writer(const build_picture& build) : build_(build) {}

  std::string write() {
    out_ = "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"title\":";
    append_json_string(build_.title, out_);
    out_ += ",\"error\":";
    append_json_string(build_.error, out_);
    out_ += "},\"traceEvents\":[";
    name_of("process_name", steps_group, 0, "steps");
    name_of("process_name", parts_group, 0, "pulled, pushed and sent");
    // Viewers sort by name, which would put the parts above the steps and "lane 10" above "lane 2".
    position("process_sort_index", steps_group, 0, 1);
    position("process_sort_index", parts_group, 0, 2);
    steps();
    parts();
    out_ += "\n]}\n";
    return std::move(out_);
  }

 private:
  double microseconds(wall_time t) const {
    return std::chrono::duration<double, std::micro>(std::max(t - build_.began, duration{0})).count();
  }
  std::string& event() {
    out_ += first_ ? "\n" : ",\n";
    first_ = false;
    return out_;
  }
  void name_of(std::string_view what, int group, std::size_t lane, std::string_view name) {
    fmt::format_to(std::back_inserter(event()), R"({{"ph":"M","name":"{}","pid":{},"tid":{},"args":{{"name":)", what, group,
                   lane + 1);
    append_json_string(name, out_);
    out_ += "}}";
  }
  void position(std::string_view what, int group, std::size_t lane, std::size_t place) {
    fmt::format_to(std::back_inserter(event()), R"({{"ph":"M","name":"{}","pid":{},"tid":{},"args":{{"sort_index":{}}}}})", what,
                   group, lane + 1, place);
  }
  void name_lanes(int group, const std::vector<slice>& slices, std::string_view word) {
    std::size_t lanes = 0;
    for (const slice& s : slices) lanes = std::max(lanes, s.lane + 1);
    for (std::size_t i = 0; i < lanes; ++i) {
      name_of("thread_name", group, i, fmt::format("{} {}", word, i + 1));
      position("thread_sort_index", group, i, i + 1);
    }
  }
  void open_slice(int group, const slice& s, std::string_view name, std::string_view category) {
    fmt::format_to(std::back_inserter(event()), R"({{"ph":"X","pid":{},"tid":{},"ts":{:.3f},"dur":{:.3f},"cat":"{}","name":)",
                   group, s.lane + 1, microseconds(s.from), std::max(microseconds(s.to) - microseconds(s.from), 0.0), category);
    append_json_string(name, out_);
    out_ += ",\"args\":{";
  }
  void argument(std::string_view key, std::string_view value, bool first = false) {
    fmt::format_to(std::back_inserter(out_), "{}\"{}\":", first ? "" : ",", key);
    append_json_string(value, out_);
  }

  void steps() {
    std::vector<slice> slices;
    for (std::size_t i = 0; i < build_.steps.size(); ++i)
      for (const recorded_run& run : build_.steps[i].runs)
        slices.push_back({run.start, std::max(run.start, run.end.value_or(build_.ended)), i, 0});
    assign_lanes(slices);
    name_lanes(steps_group, slices, "lane");
    std::vector<const slice*> last(build_.steps.size(), nullptr);
    std::vector<const slice*> first(build_.steps.size(), nullptr);
    for (const slice& s : slices) {
      if (!first[s.step]) first[s.step] = &s;
      last[s.step] = &s;
      step(s);
    }
    std::size_t id = 0;
    for (std::size_t i = 0; i < build_.steps.size(); ++i)
      for (const std::uint32_t input : build_.steps[i].inputs)
        if (first[i] && last[input] && last[input]->to <= first[i]->from) arrow(*last[input], *first[i], ++id);
  }

  void step(const slice& s) {
    const recorded_step& step = build_.steps[s.step];
    const bool cached = step.state == step_state::cached;
    const bool failed = step.state == step_state::failed;
    open_slice(steps_group, s, step.name, cached ? "cached" : failed ? "failed" : "step");
    argument("digest", step.digest, true);
    fmt::format_to(std::back_inserter(out_), ",\"cached\":{}", cached);
    if (!step.error.empty()) argument("error", step.error);
    if (!step.log.empty()) {
      std::string log;
      const std::size_t from = step.log.size() - std::min(step.log.size(), shown_lines);
      for (std::size_t i = from; i < step.log.size(); ++i) log += step.log[i].text + "\n";
      argument("log", log);
    }
    out_ += "}}";
  }

  void arrow(const slice& from, const slice& to, std::size_t id) {
    const auto end = [&](char kind, const slice& s, double at) {
      fmt::format_to(std::back_inserter(event()),
                     R"({{"ph":"{}","pid":{},"tid":{},"ts":{:.3f},"cat":"input","name":"input","id":{}{}}})", kind, steps_group,
                     s.lane + 1, at, id, kind == 'f' ? R"(,"bp":"e")" : "");
    };
    // An arrow must start inside its slice: at the very end, the next slice may have begun.
    end('s', from, std::max(microseconds(from.from), microseconds(from.to) - 0.001));
    end('f', to, microseconds(to.from));
  }

  void parts() {
    struct named {
      std::string name;
      const recorded_step* step;  // none for a transfer
      std::int64_t current, total;
    };
    std::vector<slice> slices;
    std::vector<named> names;
    const auto add = [&](wall_time from, wall_time to, std::string name, const recorded_step* step, std::int64_t current,
                         std::int64_t total) {
      slices.push_back({from, std::max(from, to), names.size(), 0});
      names.push_back({std::move(name), step, current, total});
    };
    for (const recorded_step& step : build_.steps)
      for (const step_status& part : step.parts) {
        const wall_time from = part.started.value_or(part.updated);
        add(from, part.completed.value_or(std::max(from, part.updated)), part.id, &step, part.current, part.total);
      }
    for (const recorded_transfer& t : build_.transfers) {
      const wall_time end = std::max(t.last.timestamp, t.began);
      const wall_time sending = t.sending_since.value_or(end);
      add(t.began, sending, t.name + ": listing", nullptr, static_cast<std::int64_t>(t.last.files_seen), 0);
      if (t.sending_since) add(sending, end, t.name + ": sending", nullptr, static_cast<std::int64_t>(t.last.bytes_sent), 0);
    }
    assign_lanes(slices);
    name_lanes(parts_group, slices, "part");
    for (const slice& s : slices) {
      const named& part = names[s.step];
      open_slice(parts_group, s, part.name, "transfer");
      fmt::format_to(std::back_inserter(out_), "\"current\":{},\"total\":{}", part.current, part.total);
      if (part.step) argument("step", part.step->name);
      out_ += "}}";
    }
  }

  const build_picture& build_;
  std::string out_;
  bool first_ = true;
};

}  // namespace

std::string chrome_trace(const build_picture& build) { return trace_writer(build).write(); }

}  // namespace peelbox::progress
