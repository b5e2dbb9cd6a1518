// What the processes of steps print.
#include "engine/progress/trace_parts.hpp"

namespace peelbox::progress {
namespace {

// Where the last `count` complete lines of `text` begin; 0 when it has no more than that.
std::size_t begin_of_last_lines(std::string_view text, std::size_t count) {
  std::size_t end = text.size();
  for (std::size_t n = 0; n <= count; ++n) {
    const std::size_t found = text.substr(0, end).rfind('\n');
    if (found == text.npos) return 0;
    end = found;
  }
  return end + 1;
}

}  // namespace

void trace::apply_log(const log_chunk& in) {
  const auto index = member_of(in.vertex);
  if (!index) return;
  member& m = members_[*index];
  if (!m.output) m.output = std::make_unique<std::array<line_splitter, 2>>();
  const int stream = in.stream == 2 ? 2 : 1;
  line_splitter& source = (*m.output)[static_cast<std::size_t>(stream - 1)];
  const std::size_t first = lines_.size();
  std::string_view data = in.data;
  if (!limits_.every_line) {
    // At least one, for the daemon's notice that it clips the log from here on.
    const std::size_t begin = begin_of_last_lines(data, std::max<std::size_t>(limits_.log_tail, 1));
    if (begin > 0) source.begin_anew();
    data.remove_prefix(begin);
  }
  source.feed(data, local(in.timestamp), limits_.line_bytes, line_text_,
              [&](std::size_t begin, std::size_t size, wall_time time) { add_line(m, stream, time, begin, size); });
  keep_tail(steps_[m.step], first);
  if (source.has_partial() && !m.has_partial_line) {
    m.has_partial_line = true;
    with_partial_line_.push_back(*index);
  }
}

void trace::add_line(const member& m, int stream, wall_time time, std::size_t begin, std::size_t size) {
  duration at{0};
  if (m.latest_start && time > *m.latest_start) at = time - *m.latest_start;
  lines_.push_back({m.step, stream, at, {}});
  places_.push_back({begin, size});
}

// Keeps the lines from `first` on, all of one step, in its tail.
void trace::keep_tail(step& s, std::size_t first) {
  const std::string_view all = line_text_;
  for (std::size_t i = first; i < lines_.size(); ++i) {
    const std::string_view text = all.substr(places_[i].begin, places_[i].size);
    // The daemon writes its notice as a line of its own (util/progress/logs/logs.go).
    if (text.starts_with("[output clipped, ") && text.ends_with(" reached]") && text.size() < 200) s.clipped = text;
    if (lines_.size() - i <= limits_.log_tail) s.tail.push(lines_[i].at, lines_[i].stream, text, limits_.log_tail);
  }
}

void trace::flush_lines(member& m) {
  m.has_partial_line = false;
  if (!m.output) return;
  const std::size_t first = lines_.size();
  int stream = 1;
  for (line_splitter& source : *m.output) {
    source.finish(limits_.line_bytes, line_text_, [&](std::size_t begin, std::size_t size, wall_time time) {
      add_line(m, stream, time, begin, size);
    });
    ++stream;
  }
  keep_tail(steps_[m.step], first);
}

std::string_view trace::unfinished_line(std::uint32_t step_index) const {
  std::string_view latest;
  if (with_partial_line_.empty()) return latest;
  for (const std::uint32_t i : members_of_step_[step_index]) {
    if (!members_[i].output) continue;
    for (const line_splitter& source : *members_[i].output) {
      if (source.has_partial()) latest = source.partial();
    }
  }
  return latest;
}

}  // namespace peelbox::progress
