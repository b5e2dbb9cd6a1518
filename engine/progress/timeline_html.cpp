#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/progress/json_text.hpp"
#include "engine/progress/pictures.hpp"
#include "engine/progress/timeline_page.hpp"

namespace peelbox::progress {

namespace {

std::string_view word(step_state state) {
  switch (state) {
    case step_state::announced: return "waiting";
    case step_state::running: return "running";
    case step_state::done: return "done";
    case step_state::cached: return "cached";
    case step_state::failed: return "failed";
    case step_state::cancelled: return "cancelled";
  }
  return "";
}

/// Writes the page's data; times are milliseconds since the build began.
class page_writer {
 public:
  explicit page_writer(const build_picture& build) : build_(build) {}

  std::string write() {
    out_ += "{\"title\":";
    text(build_.title);
    out_ += ",\"error\":";
    text(build_.error);
    const auto epoch = std::chrono::duration_cast<std::chrono::milliseconds>(build_.began.time_since_epoch()).count();
    fmt::format_to(std::back_inserter(out_), ",\"began\":{},\"total\":", epoch);
    time(build_.ended);
    out_ += ",\"steps\":[";
    list(build_.steps, [this](const recorded_step& s) { step_object(s); });
    out_ += "],\"transfers\":[";
    list(build_.transfers, [this](const recorded_transfer& t) { transfer_object(t); });
    out_ += "]}";
    return std::move(out_);
  }

 private:
  void text(std::string_view value) { append_json_string(value, out_); }
  void time(wall_time t) { span(t - build_.began); }
  void span(duration d) {
    fmt::format_to(std::back_inserter(out_), "{:.3f}", std::chrono::duration<double, std::milli>(d).count());
  }
  template <class Range, class F>
  void list(const Range& range, F&& one) {
    bool first = true;
    for (const auto& element : range) {
      if (!first) out_ += ',';
      first = false;
      one(element);
    }
  }
  void times(wall_time from, wall_time to) {
    time(from);
    out_ += ',';
    time(std::max(from, to));
  }

  void step_object(const recorded_step& s) {
    out_ += "{\"name\":";
    text(s.name);
    out_ += ",\"digest\":";
    text(s.digest);
    fmt::format_to(std::back_inserter(out_), ",\"state\":\"{}\",\"error\":", word(s.state));
    text(s.error);
    out_ += ",\"runs\":[";
    list(s.runs, [this](const recorded_run& run) {
      out_ += '[';
      times(run.start, run.end.value_or(build_.ended));
      out_ += ']';
    });
    out_ += "],\"inputs\":[";
    list(s.inputs, [this](std::uint32_t input) { fmt::format_to(std::back_inserter(out_), "{}", input); });
    out_ += "],\"parts\":[";
    list(s.parts, [this](const step_status& part) { part_object(part); });
    out_ += "],\"warnings\":[";
    list(s.warnings, [this](const step_warning& w) { text(w.brief); });
    fmt::format_to(std::back_inserter(out_), "],\"dropped\":{},\"head\":{},\"log\":[", s.dropped_lines, s.first_lines);
    list(s.log, [this](const recorded_line& line) {
      out_ += '[';
      span(line.at);
      fmt::format_to(std::back_inserter(out_), ",{},", line.stream);
      text(line.text);
      out_ += ']';
    });
    out_ += "]}";
  }

  void part_object(const step_status& part) {
    out_ += "{\"id\":";
    text(part.id);
    fmt::format_to(std::back_inserter(out_), ",\"current\":{},\"total\":{},\"time\":", part.current, part.total);
    const wall_time from = part.started.value_or(part.updated);
    out_ += '[';
    times(from, part.completed.value_or(std::max(from, part.updated)));
    out_ += "]}";
  }

  void transfer_object(const recorded_transfer& t) {
    out_ += "{\"name\":";
    text(t.name);
    fmt::format_to(std::back_inserter(out_), ",\"entries\":{},\"files\":{},\"bytes\":{},\"phases\":[", t.last.files_seen,
                   t.last.files_sent, t.last.bytes_sent);
    const wall_time end = std::max(t.last.timestamp, t.began);
    const wall_time sending = t.sending_since.value_or(end);
    out_ += "[\"listing\",";
    times(t.began, sending);
    out_ += "],[\"sending\",";
    times(sending, end);
    out_ += "]]}";
  }

  const build_picture& build_;
  std::string out_;
};

/// Only "<" could end a script element; the others are escaped for parsers that are less exact.
std::string for_script(std::string_view json) {
  std::string out;
  out.reserve(json.size() + json.size() / 16);
  for (const char c : json) {
    switch (c) {
      case '<': out += "\\u003c"; break;
      case '>': out += "\\u003e"; break;
      case '&': out += "\\u0026"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace

std::string timeline_html(const build_picture& build) {
  constexpr std::string_view mark = "{{DATA}}";
  const std::string_view page = timeline_page;
  const std::size_t at = page.find(mark);
  std::string out(page.substr(0, at));
  out += for_script(page_writer(build).write());
  out += page.substr(at + mark.size());
  return out;
}

}  // namespace peelbox::progress
