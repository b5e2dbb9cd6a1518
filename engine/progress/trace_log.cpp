// What the processes of steps print.
#include "engine/progress/trace_parts.hpp"

namespace peelbox::progress {

void trace::apply_log(const log_chunk& in) {
  const auto index = member_of(in.vertex);
  if (!index) return;
  member& m = members_[*index];
  if (!m.output) m.output = std::make_unique<std::array<line_splitter, 2>>();
  const int stream = in.stream == 2 ? 2 : 1;
  line_splitter& source = (*m.output)[static_cast<std::size_t>(stream - 1)];
  source.feed(in.data, local(in.timestamp), limits_.line_bytes, clean_,
              [&](std::string_view line, wall_time time) { add_line(m, stream, time, line); });
  if (source.has_partial() && !m.has_partial_line) {
    m.has_partial_line = true;
    with_partial_line_.push_back(*index);
  }
}

void trace::add_line(const member& m, int stream, wall_time time, std::string_view text) {
  duration at{0};
  if (m.latest_start && time > *m.latest_start) at = time - *m.latest_start;
  step& s = steps_[m.step];
  ++s.lines;
  s.tail.push(at, stream, text, limits_.log_tail);
  // util/progress/logs/logs.go: a line of its own.
  if (text.starts_with("[output clipped, ") && text.ends_with(" reached]") && text.size() < 200) s.clipped = text;
  // Only the size counts until end() sets the view: line_text_ still moves.
  line_text_.append(text);
  lines_.push_back({m.step, stream, at, std::string_view(line_text_.data(), text.size())});
}

void trace::flush_lines(member& m) {
  m.has_partial_line = false;
  if (!m.output) return;
  int stream = 1;
  for (line_splitter& source : *m.output) {
    source.finish([&](std::string_view line, wall_time time) { add_line(m, stream, time, line); });
    ++stream;
  }
}

std::string_view trace::unfinished_line(std::uint32_t step_index) const {
  std::string_view latest;
  for (const std::uint32_t i : members_of_step_[step_index]) {
    if (!members_[i].output) continue;
    for (const line_splitter& source : *members_[i].output) {
      if (source.has_partial()) latest = source.partial();
    }
  }
  return latest;
}

}  // namespace peelbox::progress
