#include "engine/client/status_events.hpp"

#include <array>
#include <charconv>
#include <iterator>
#include <utility>

#include "engine/async/ascii.hpp"
#include "engine/client/wire_time.hpp"

namespace peelbox::client {

namespace {

progress::vertex to_event(moby::buildkit::v1::Vertex& v) {
  progress::vertex event;
  event.digest = std::move(*v.mutable_digest());
  event.inputs.assign(std::make_move_iterator(v.mutable_inputs()->begin()), std::make_move_iterator(v.mutable_inputs()->end()));
  event.name = std::move(*v.mutable_name());
  event.cached = v.cached();
  if (v.has_started()) event.started = to_wall_time(v.started());
  if (v.has_completed()) event.completed = to_wall_time(v.completed());
  event.error = std::move(*v.mutable_error());
  if (v.has_progressgroup())
    event.group = progress::progress_group{v.progressgroup().id(), v.progressgroup().name(), v.progressgroup().weak()};
  return event;
}

progress::status to_event(moby::buildkit::v1::VertexStatus& s) {
  progress::status event;
  event.id = std::move(*s.mutable_id());
  event.vertex = std::move(*s.mutable_vertex());
  event.name = std::move(*s.mutable_name());
  event.current = s.current();
  event.total = s.total();
  if (s.has_timestamp()) event.timestamp = to_wall_time(s.timestamp());
  if (s.has_started()) event.started = to_wall_time(s.started());
  if (s.has_completed()) event.completed = to_wall_time(s.completed());
  return event;
}

progress::warning to_event(const moby::buildkit::v1::VertexWarning& w) {
  progress::warning event;
  event.vertex = w.vertex();
  event.level = w.level();
  event.brief = w.short_();
  event.detail.assign(w.detail().begin(), w.detail().end());
  event.url = w.url();
  if (w.has_info()) event.source = progress::source_info{w.info().filename(), w.info().data(), w.info().language()};
  for (const auto& r : w.ranges())
    event.ranges.push_back(
        {{r.start().line(), r.start().character()}, {r.end().line(), r.end().character()}});
  return event;
}

}  // namespace

progress::batch to_events(moby::buildkit::v1::StatusResponse message) {
  progress::batch events;
  events.vertices.reserve(static_cast<std::size_t>(message.vertexes_size()));
  events.statuses.reserve(static_cast<std::size_t>(message.statuses_size()));
  events.logs.reserve(static_cast<std::size_t>(message.logs_size()));
  for (auto& v : *message.mutable_vertexes()) events.vertices.push_back(to_event(v));
  for (auto& s : *message.mutable_statuses()) events.statuses.push_back(to_event(s));
  for (const auto& w : message.warnings()) events.warnings.push_back(to_event(w));
  for (auto& l : *message.mutable_logs())
    events.logs.push_back({std::move(*l.mutable_vertex()), static_cast<int>(l.stream()), std::move(*l.mutable_msg()),
                           to_wall_time(l.timestamp())});
  return events;
}

std::optional<progress::wall_time> parse_rfc3339(std::string_view text) {
  const auto number = [&](std::size_t at, std::size_t count) -> std::optional<int> {
    int value = 0;
    if (at + count > text.size()) return std::nullopt;
    const char* const first = text.data() + at;
    const auto [end, error] = std::from_chars(first, first + count, value);
    if (error != std::errc() || end != first + count) return std::nullopt;
    return value;
  };
  const auto year = number(0, 4), month = number(5, 2), day = number(8, 2);
  const auto hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  std::size_t at = 19;
  std::chrono::nanoseconds fraction{0};
  if (at < text.size() && text[at] == '.') {
    std::int64_t unit = 100'000'000;
    for (++at; at < text.size() && is_digit(text[at]); ++at, unit /= 10)
      fraction += std::chrono::nanoseconds((text[at] - '0') * unit);
  }
  std::chrono::minutes zone{0};
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const auto zone_hour = number(at + 1, 2), zone_minute = number(at + 4, 2);
    if (!zone_hour || !zone_minute) return std::nullopt;
    zone = std::chrono::minutes(*zone_hour * 60 + *zone_minute) * (text[at] == '-' ? -1 : 1);
  } else if (at >= text.size() || text[at] != 'Z') {
    return std::nullopt;
  }
  return progress::wall_time(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
                             std::chrono::minutes(*minute) + std::chrono::seconds(*second) + fraction - zone);
}

}  // namespace peelbox::client
