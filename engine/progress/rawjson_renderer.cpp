// One JSON object per batch, with the fields that buildctl's rawjson has (client/graph.go and the JSON names of the
// protobuf messages in it), so that tools which read one can read the other.
#include <algorithm>
#include <charconv>

#include "engine/async/base64.hpp"
#include "engine/progress/json_text.hpp"
#include "engine/progress/renderer.hpp"

namespace peelbox::progress {
namespace {

template <std::size_t Digits>
char* put_padded(std::uint32_t n, char* to) {
  for (std::size_t i = Digits; i-- > 0; n /= 10) to[i] = static_cast<char>('0' + n % 10);
  return to + Digits;
}

void append_number(std::int64_t number, std::string& out) {
  char text[20];
  out.append(text, std::to_chars(text, std::end(text), number).ptr);
}

struct whole_second {
  std::chrono::sys_seconds second{};
  char text[20] = "1970-01-01T00:00:00";
};

whole_second calendar(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  whole_second made;
  made.second = time;
  put_padded<4>(static_cast<std::uint32_t>(static_cast<int>(date.year())), made.text);
  put_padded<2>(static_cast<unsigned>(date.month()), made.text + 5);
  put_padded<2>(static_cast<unsigned>(date.day()), made.text + 8);
  put_padded<2>(static_cast<std::uint32_t>(clock.hours().count()), made.text + 11);
  put_padded<2>(static_cast<std::uint32_t>(clock.minutes().count()), made.text + 14);
  put_padded<2>(static_cast<std::uint32_t>(clock.seconds().count()), made.text + 17);
  return made;
}

// RFC 3339 in UTC, with as many decimals as needed, as Go's RFC3339Nano.
void append_time(std::optional<wall_time> time, std::string& out) {
  if (!time) {
    out.append("\"0001-01-01T00:00:00Z\"");
    return;
  }
  // Times of one batch lie close together, and the calendar is most of the work.
  static thread_local whole_second last;
  const auto second = std::chrono::floor<std::chrono::seconds>(*time);
  if (second != last.second) last = calendar(second);
  char text[] = "\"0000-00-00T00:00:00.000000000Z\"";
  char* at = std::copy_n(last.text, 19, text + 1);
  if (const auto nanos = (*time - second).count(); nanos != 0) {
    const auto billionths = static_cast<std::uint32_t>(nanos);
    at = put_padded<4>(billionths / 100'000, at + 1);
    at = put_padded<5>(billionths % 100'000, at);
    while (at[-1] == '0') --at;
  }
  *at++ = 'Z';
  *at++ = '"';
  out.append(text, at);
}

/// `,"name":`, made by the compiler.
struct field {
  char text[24] = {};
  std::size_t size = 0;

  consteval field(const char* name) {  // NOLINT: so that a name can be written as such
    put(',');
    put('"');
    while (*name != 0) put(*name++);
    put('"');
    put(':');
  }

 private:
  consteval void put(char c) { text[size++] = c; }
};

/// An object under construction; puts the commas.
class object {
 public:
  explicit object(std::string& out) : out_(out) { out_.push_back('{'); }
  ~object() { out_.push_back('}'); }
  object(const object&) = delete;
  object& operator=(const object&) = delete;

  std::string& key(const field& name) {
    const std::size_t skipped = first_ ? 1 : 0;
    first_ = false;
    return out_.append(name.text + skipped, name.size - skipped);
  }
  void text(const field& name, std::string_view value) {
    if (!value.empty()) append_json_string(value, key(name));
  }
  void number(const field& name, std::int64_t value) {
    if (value != 0) append_number(value, key(name));
  }
  void flag(const field& name, bool value) {
    if (value) key(name).append("true");
  }
  void time(const field& name, const std::optional<wall_time>& value) {
    if (value) append_time(value, key(name));
  }
  void binary(const field& name, std::string_view value) {
    key(name).push_back('"');
    append_base64(value, out_);
    out_.push_back('"');
  }
  template <class Range, class F>
  void list(const field& name, const Range& range, F&& element) {
    if (range.empty()) return;
    key(name).push_back('[');
    bool first = true;
    for (const auto& e : range) {
      if (!first) out_.push_back(',');
      first = false;
      element(e, out_);
    }
    out_.push_back(']');
  }

 private:
  std::string& out_;
  bool first_ = true;
};

void append_vertex(const vertex& v, std::string& out) {
  object o(out);
  o.text("digest", v.digest);
  o.list("inputs", v.inputs, append_json_string);
  o.text("name", v.name);
  o.time("started", v.started);
  o.time("completed", v.completed);
  o.flag("cached", v.cached);
  o.text("error", v.error);
  if (v.group) {
    object g(o.key("progressGroup"));
    g.text("id", v.group->id);
    g.text("name", v.group->name);
    g.flag("weak", v.group->weak);
  }
}

void append_status(const status& s, std::string& out) {
  object o(out);
  append_json_string(s.id, o.key("id"));
  o.text("vertex", s.vertex);
  o.text("name", s.name);
  o.number("total", s.total);
  append_number(s.current, o.key("current"));
  append_time(s.timestamp, o.key("timestamp"));
  o.time("started", s.started);
  o.time("completed", s.completed);
}

void append_log(const log_chunk& l, std::string& out) {
  object o(out);
  o.text("vertex", l.vertex);
  o.number("stream", l.stream);
  o.binary("data", l.data);
  append_time(l.timestamp, o.key("timestamp"));
}

void append_position(const source_position& p, std::string& out) {
  object o(out);
  o.number("line", p.line);
  o.number("character", p.character);
}

void append_warning(const warning& w, std::string& out) {
  object o(out);
  o.text("vertex", w.vertex);
  o.number("level", w.level);
  if (!w.brief.empty()) o.binary("short", w.brief);
  o.list("detail", w.detail, [](const std::string& line, std::string& to) {
    to.push_back('"');
    append_base64(line, to);
    to.push_back('"');
  });
  o.text("url", w.url);
  if (w.source) {
    object s(o.key("sourceInfo"));
    s.text("filename", w.source->filename);
    if (!w.source->data.empty()) s.binary("data", w.source->data);
    s.text("language", w.source->language);
  }
  o.list("range", w.ranges, [](const source_range& r, std::string& to) {
    object e(to);
    append_position(r.start, e.key("start"));
    append_position(r.end, e.key("end"));
  });
}

class rawjson_renderer final : public renderer {
 public:
  void update(const batch& events, const trace&, wall_time, std::string& out) override {
    if (events.vertices.empty() && events.statuses.empty() && events.logs.empty() && events.warnings.empty()) return;
    {
      object o(out);
      o.list("vertexes", events.vertices, append_vertex);
      o.list("statuses", events.statuses, append_status);
      o.list("logs", events.logs, append_log);
      o.list("warnings", events.warnings, append_warning);
    }
    out.push_back('\n');
  }
  void refresh(const trace&, wall_time, std::string&) override {}
  bool wants_time() const noexcept override { return false; }
  bool wants_lines() const noexcept override { return false; }
  void finish(const trace&, wall_time, std::string&) override {}
};

class quiet_renderer final : public renderer {
 public:
  void update(const batch&, const trace&, wall_time, std::string&) override {}
  void refresh(const trace&, wall_time, std::string&) override {}
  bool wants_time() const noexcept override { return false; }
  bool wants_lines() const noexcept override { return false; }
  void finish(const trace&, wall_time, std::string&) override {}
};

}  // namespace

void append_json_warning(const warning& w, std::string& out) { append_warning(w, out); }

std::unique_ptr<renderer> make_rawjson_renderer() { return std::make_unique<rawjson_renderer>(); }
std::unique_ptr<renderer> make_quiet_renderer() { return std::make_unique<quiet_renderer>(); }

}  // namespace peelbox::progress
