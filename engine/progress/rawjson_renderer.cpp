// One JSON object per batch, with the fields that buildctl's rawjson has (client/graph.go and the JSON names of the
// protobuf messages in it), so that tools which read one can read the other.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "engine/async/base64.hpp"
#include "engine/progress/json_text.hpp"
#include "engine/progress/renderer.hpp"

namespace peelbox::progress {
namespace {

constexpr auto two_digits = [] {
  std::array<char, 200> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>('0' + (i % 2 == 0 ? i / 20 : i / 2 % 10));
  return all;
}();

// An even number of digits.
template <std::size_t Digits>
char* put_padded(std::uint32_t n, char* to) {
  for (std::size_t i = Digits; i > 0; i -= 2, n /= 100) std::memcpy(to + i - 2, two_digits.data() + 2 * (n % 100), 2);
  return to + Digits;
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

constexpr std::size_t most_time_bytes = 32;
constexpr std::size_t most_number_bytes = 20;

// RFC 3339 in UTC, with as many decimals as needed, as Go's RFC3339Nano.
char* put_time(const std::optional<wall_time>& time, char* to) {
  constexpr std::string_view never = "\"0001-01-01T00:00:00Z\"";
  if (!time) return std::copy(never.begin(), never.end(), to);
  // The times of one batch lie within few seconds, and the calendar is most of the work, so its result is kept.
  static thread_local std::array<whole_second, 16> known;
  const auto second = std::chrono::floor<std::chrono::seconds>(*time);
  whole_second& last = known[static_cast<std::uint64_t>(second.time_since_epoch().count()) % known.size()];
  if (second != last.second) last = calendar(second);
  *to++ = '"';
  std::memcpy(to, last.text, 19);
  to += 19;
  if (const auto nanos = (*time - second).count(); nanos != 0) {
    const auto billionths = static_cast<std::uint32_t>(nanos);
    *to++ = '.';
    *to++ = static_cast<char>('0' + billionths / 100'000'000);
    to = put_padded<8>(billionths % 100'000'000, to);
    while (to[-1] == '0') --to;
  }
  *to++ = 'Z';
  *to++ = '"';
  return to;
}

/// `,"name":`, made by the compiler.
struct field {
  char text[24] = {};
  std::size_t size = 0;

  consteval field(const char* name) {  // NOLINT: implicit, so that a plain literal can be given
    put(',');
    put('"');
    while (*name != 0) put(*name++);
    put('"');
    put(':');
  }

 private:
  consteval void put(char c) {
    if (size + 1 == sizeof text) throw "a longer text is needed";  // key_to() copies one byte less than there is
    text[size++] = c;
  }
};

/// Gathers short pieces, because appending each to a string costs several times more than writing it. The string has all of
/// them after the destructor or direct().
class piece_writer {
 public:
  static constexpr std::size_t most_room = 1024;

  explicit piece_writer(std::string& out) : out_(out) {}
  ~piece_writer() { direct(); }
  piece_writer(const piece_writer&) = delete;
  piece_writer& operator=(const piece_writer&) = delete;

  /// Gives room for that many bytes, at most `most_room`. Then call wrote() with the end of what was written.
  char* room(std::size_t bytes) {
    if (static_cast<std::size_t>(std::end(pieces_) - end_) < bytes) direct();
    return end_;
  }
  void wrote(char* end) { end_ = end; }
  void put(char c) {
    *room(1) = c;
    ++end_;
  }
  std::string& direct() {
    out_.append(pieces_, end_);
    end_ = pieces_;
    return out_;
  }

 private:
  std::string& out_;
  char pieces_[2 * most_room];
  char* end_ = pieces_;
};

/// Writes one object and its commas.
class object {
 public:
  explicit object(piece_writer& out) : out_(out) { out_.put('{'); }
  ~object() { out_.put('}'); }
  object(const object&) = delete;
  object& operator=(const object&) = delete;

  piece_writer& key(const field& name) {
    out_.wrote(key_to(name, 0));
    return out_;
  }
  void any_text(const field& name, std::string_view value) {
    if (most_json_bytes(value.size()) + sizeof name.text <= piece_writer::most_room) {
      out_.wrote(put_json_string(value, key_to(name, most_json_bytes(value.size()))));
    } else {
      append_json_string(value, key(name).direct());
    }
  }
  void text(const field& name, std::string_view value) {
    if (!value.empty()) any_text(name, value);
  }
  void any_number(const field& name, std::int64_t value) {
    char* const to = key_to(name, most_number_bytes);
    out_.wrote(std::to_chars(to, to + most_number_bytes, value).ptr);
  }
  void number(const field& name, std::int64_t value) {
    if (value != 0) any_number(name, value);
  }
  void flag(const field& name, bool value) {
    constexpr std::string_view yes = "true";
    if (value) out_.wrote(std::copy(yes.begin(), yes.end(), key_to(name, yes.size())));
  }
  void any_time(const field& name, const std::optional<wall_time>& value) {
    out_.wrote(put_time(value, key_to(name, most_time_bytes)));
  }
  void time(const field& name, const std::optional<wall_time>& value) {
    if (value) any_time(name, value);
  }
  void binary(const field& name, std::string_view value) { append_binary(value, key(name)); }
  template <class Range, class F>
  void list(const field& name, const Range& range, F&& element) {
    if (range.empty()) return;
    key(name).put('[');
    bool first = true;
    for (const auto& e : range) {
      if (!first) out_.put(',');
      first = false;
      element(e, out_);
    }
    out_.put(']');
  }

  static void append_binary(std::string_view value, piece_writer& out) {
    out.put('"');
    append_base64(value, out.direct());
    out.put('"');
  }

 private:
  // Writes the name, and gives room for that many bytes behind it.
  char* key_to(const field& name, std::size_t more) {
    char* const to = out_.room(sizeof name.text + more);
    const std::size_t skipped = first_ ? 1 : 0;
    first_ = false;
    std::memcpy(to, name.text + skipped, sizeof name.text - 1);  // the compiler knows this size; what is too much is overwritten
    return to + name.size - skipped;
  }

  piece_writer& out_;
  bool first_ = true;
};

void append_string(std::string_view text, piece_writer& out) {
  if (most_json_bytes(text.size()) > piece_writer::most_room) append_json_string(text, out.direct());
  else out.wrote(put_json_string(text, out.room(most_json_bytes(text.size()))));
}

void append_vertex(const vertex& v, piece_writer& out) {
  object o(out);
  o.text("digest", v.digest);
  o.list("inputs", v.inputs, append_string);
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

void append_status(const status& s, piece_writer& out) {
  object o(out);
  o.any_text("id", s.id);
  o.text("vertex", s.vertex);
  o.text("name", s.name);
  o.number("total", s.total);
  o.any_number("current", s.current);
  o.any_time("timestamp", s.timestamp);
  o.time("started", s.started);
  o.time("completed", s.completed);
}

void append_log(const log_chunk& l, piece_writer& out) {
  object o(out);
  o.text("vertex", l.vertex);
  o.number("stream", l.stream);
  o.binary("data", l.data);
  o.any_time("timestamp", l.timestamp);
}

void append_position(const source_position& p, piece_writer& out) {
  object o(out);
  o.number("line", p.line);
  o.number("character", p.character);
}

void append_warning(const warning& w, piece_writer& out) {
  object o(out);
  o.text("vertex", w.vertex);
  o.number("level", w.level);
  if (!w.brief.empty()) o.binary("short", w.brief);
  o.list("detail", w.detail, object::append_binary);
  o.text("url", w.url);
  if (w.source) {
    object s(o.key("sourceInfo"));
    s.text("filename", w.source->filename);
    if (!w.source->data.empty()) s.binary("data", w.source->data);
    s.text("language", w.source->language);
  }
  o.list("range", w.ranges, [](const source_range& r, piece_writer& to) {
    object e(to);
    append_position(r.start, e.key("start"));
    append_position(r.end, e.key("end"));
  });
}

class rawjson_renderer final : public renderer {
 public:
  void update(const batch& events, const trace&, wall_time, std::string& out) override {
    if (events.vertices.empty() && events.statuses.empty() && events.logs.empty() && events.warnings.empty()) return;
    piece_writer line(out);
    {
      object o(line);
      o.list("vertexes", events.vertices, append_vertex);
      o.list("statuses", events.statuses, append_status);
      o.list("logs", events.logs, append_log);
      o.list("warnings", events.warnings, append_warning);
    }
    line.put('\n');
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

void append_json_warning(const warning& w, std::string& out) {
  piece_writer pieces(out);
  append_warning(w, pieces);
}

std::unique_ptr<renderer> make_rawjson_renderer() { return std::make_unique<rawjson_renderer>(); }
std::unique_ptr<renderer> make_quiet_renderer() { return std::make_unique<quiet_renderer>(); }

}  // namespace peelbox::progress
