// Any sequence of events through the trace and every renderer: no crash, no control codes, bounded pictures.
#include "engine/progress/trace.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>

#include "engine/progress/renderer.hpp"

using namespace peelbox::progress;

namespace {

// Takes values from the input until it is empty, then zeros.
class source {
 public:
  source(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}
  bool empty() const { return at_ == end_; }
  std::uint8_t byte() { return empty() ? std::uint8_t{0} : *at_++; }
  std::int64_t number() {
    std::uint64_t n = 0;
    for (int i = byte() % 9; i > 0; --i) n = n << 8 | byte();
    return static_cast<std::int64_t>(n);
  }
  std::string text() {
    std::string s;
    for (int i = byte() % 32; i > 0; --i) s.push_back(static_cast<char>(byte()));
    return s;
  }
  std::string name() { return "d" + std::to_string(byte() % 6); }
  wall_time time() {
    // Mostly times near each other, sometimes any time.
    const std::uint8_t kind = byte();
    return wall_time(duration(kind < 200 ? kind * 100'000'000ll : number()));
  }
  std::optional<wall_time> maybe_time() {
    if (byte() % 3 == 0) return std::nullopt;
    return time();
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

batch next_batch(source& in) {
  batch b;
  for (int n = in.byte() % 8; n >= 0; --n) {
    switch (in.byte() % 7) {
      case 0:
      case 1: {
        vertex v{in.name(), {}, in.text(), in.byte() % 2 == 0, in.maybe_time(), in.maybe_time(), "", std::nullopt};
        if (in.byte() % 4 == 0) v.error = in.byte() % 2 ? "context canceled" : in.text();
        if (in.byte() % 3 == 0) v.group = progress_group{in.name(), in.text(), in.byte() % 2 == 0};
        b.vertices.push_back(v);
        break;
      }
      case 2:
        b.statuses.push_back({in.byte() % 2 ? "transferring context:" : in.text(), in.name(), "", in.number(), in.number(),
                              in.maybe_time(), in.maybe_time(), in.maybe_time()});
        break;
      case 3: b.logs.push_back({in.name(), in.byte() % 3, in.text() + (in.byte() % 2 ? "\n" : ""), in.time()}); break;
      case 4: b.warnings.push_back({in.name(), in.byte(), in.text(), {in.text()}, in.text(), std::nullopt, {}}); break;
      case 5: {
        context_transfer t;
        t.id = in.byte() % 3;
        t.name = "context";
        t.files_seen = static_cast<std::uint64_t>(in.number());
        t.files_sent = static_cast<std::uint64_t>(in.number());
        t.bytes_sent = static_cast<std::uint64_t>(in.number());
        b.transfers.push_back(t);
        break;
      }
      case 6:
        b.local_clock = in.byte() % 2 == 0;
        if (in.byte() % 4 == 0) b.clock_offset = duration(in.number());
        break;
    }
  }
  return b;
}

void check_harmless(const std::string& out) {
  if (sanitize(out) != out) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  source in(data, size);
  trace_limits limits;
  limits.statuses_per_step = 4;
  limits.warnings_per_step = 3;
  limits.line_bytes = 40;
  trace picture(limits);
  plain_options plain;
  plain.held_bytes = 200;
  tty_options tty;
  tty.columns = 30;
  tty.rows = 8;
  const std::array renderers{make_plain_renderer(plain), make_rawjson_renderer(), make_tty_renderer(tty), make_quiet_renderer()};
  wall_time now{std::chrono::hours(24 * 365 * 54)};
  while (!in.empty()) {
    const batch events = next_batch(in);
    now += duration(in.byte() * 20'000'000ll);
    picture.apply(events, now);
    std::size_t finished = 0;
    std::size_t cached = 0;
    for (const step& s : picture.steps()) {
      if (s.visible && s.finished()) ++finished;
      if (s.visible && s.state == step_state::cached) ++cached;
      if (s.tail.size() > limits.log_tail || s.statuses.size() > limits.statuses_per_step) std::abort();
    }
    if (finished != picture.finished_count() || finished + picture.unfinished().size() != picture.visible_count()) std::abort();
    if (cached != picture.cached_count()) std::abort();
    for (std::uint32_t i = 0; i < picture.steps().size(); ++i) {
      if (picture.elapsed(i, now) < duration{0}) std::abort();
    }
    for (const auto& renderer : renderers) {
      std::string out;
      renderer->update(events, picture, now, out);
      renderer->refresh(picture, now, out);
      if (!renderer->draws_frames()) check_harmless(out);
    }
  }
  picture.finish(now);
  for (const auto& renderer : renderers) {
    std::string out;
    renderer->finish(picture, now, out);
    if (!renderer->draws_frames()) check_harmless(out);
  }
  return 0;
}
