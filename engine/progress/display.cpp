#include "engine/progress/display.hpp"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <optional>
#include <string>

#include "engine/progress/fd_writer.hpp"
#include "engine/progress/pacing.hpp"
#include "engine/progress/terminal.hpp"
#include "engine/progress/terminal_guard.hpp"

namespace peelbox::progress {
namespace {

// How many batches are taken in before the loop looks at the screen again.
constexpr int most_batches_at_once = 64;
// So much text is given to the writer while the next is made, so that it is written from the processor's cache and no more
// memory is touched than for a few of these.
constexpr std::size_t text_block = 64 << 10;
// For renderers that do nothing unless something happens; lines of say() wait so long at most.
constexpr std::chrono::milliseconds idle_tick{400};

}  // namespace

result<mode> parse_mode(std::string_view text) {
  if (text.empty() || text == "auto") return mode::automatic;
  if (text == "plain") return mode::plain;
  if (text == "tty") return mode::tty;
  if (text == "rawjson") return mode::rawjson;
  if (text == "logs") return mode::logs;
  if (text == "quiet") return mode::quiet;
  return failure(errc::usage,
                 "unknown progress mode \"" + sanitize_line(text, 64) + "\": use auto, plain, tty, rawjson, logs or quiet",
                 origin::user);
}

result<mode> choose_mode(mode flag, const char* environment) {
  if (flag != mode::automatic || environment == nullptr) return flag;
  auto parsed = parse_mode(environment);
  if (parsed.has_error()) return parsed.error().in("BUILDKIT_PROGRESS");
  return parsed;
}

struct display::impl {
  display_options options;
  mode how = mode::plain;
  trace picture;
  std::unique_ptr<renderer> lines;
  std::string out;
  // Wall time that never jumps while a build is shown.
  wall_time began_wall = std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
  steady_time began_steady = steady_now();
  std::optional<pacing> pace;  // set by make()

  wall_time now() const { return began_wall + std::chrono::duration_cast<duration>(steady_now() - began_steady); }

  void take(const batch& events, bool output_gone) {
    const wall_time when = now();
    picture.apply(events, when);
    pace->changed();
    for (const auto& one : options.listeners) one->update(events, picture, when);
    if (!output_gone) lines->update(events, picture, when, out);
  }

  void draw_frame(const fd_writer& writer) {
    const steady_time time = steady_now();
    if (!pace->due(time, writer.unwritten() > 0)) return;
    if (lines->draws_frames()) {
      const terminal_info size = look_at_terminal(options.fd);
      lines->resize(size.columns, size.rows);
    }
    lines->refresh(picture, now(), out);
    pace->drawn(time);
  }

  void end(fd_writer& writer) {
    const wall_time when = now();
    picture.finish(when);
    for (const auto& one : options.listeners) one->finish(picture, when);
    if (writer.gone()) return;
    lines->finish(picture, when, out);
    writer.write(out);
  }
};

display::display(std::unique_ptr<impl> parts) : impl_(std::move(parts)) {}
display::~display() = default;

result<std::unique_ptr<display>> display::make(display_options options) {
  auto parts = std::make_unique<impl>();
  const terminal_info terminal = look_at_terminal(options.fd);
  parts->how = options.how;
  if (parts->how == mode::automatic) parts->how = terminal.can_redraw ? mode::tty : mode::plain;
  if (parts->how == mode::tty && !terminal.is_terminal) {
    return failure(errc::usage, "progress mode tty needs a terminal; use plain or auto", origin::user);
  }
  switch (parts->how) {
    case mode::automatic:
    case mode::plain: {
      plain_options plain;
      plain.error_lines = options.error_lines;
      plain.error_blocks = options.error_blocks;
      parts->lines = make_plain_renderer(plain);
      break;
    }
    case mode::tty: {
      tty_options tty;
      tty.columns = terminal.columns;
      tty.rows = terminal.rows;
      if (options.color) tty.colors = options.colors;
      tty.log_lines = options.tty_log_lines;
      tty.error_lines = options.error_lines;
      tty.error_blocks = options.error_blocks;
      parts->lines = make_tty_renderer(tty);
      break;
    }
    case mode::rawjson: parts->lines = make_rawjson_renderer(); break;
    case mode::logs: parts->lines = make_logs_renderer(); break;
    case mode::quiet: parts->lines = make_quiet_renderer(); break;
  }
  trace_limits limits;
  limits.log_tail = std::max<std::size_t>(options.error_lines, options.tty_log_lines);
  limits.every_line = parts->lines->wants_lines() ||
                      std::any_of(options.listeners.begin(), options.listeners.end(), [](const auto& one) { return one->wants_lines(); });
  parts->picture = trace(limits, options.readable);
  parts->pace.emplace(pacing_limits{parts->lines->draws_frames(), options.frame_interval, options.line_interval,
                                    parts->lines->wants_time() ? options.tick : idle_tick});
  parts->options = std::move(options);
  return std::unique_ptr<display>(new display(std::move(parts)));
}

task<void> display::run(channel<batch>& events) {
  impl& parts = *impl_;
  const executor ex = co_await asio::this_coro::executor;
  // Before the writer, so that the terminal is given back after the last byte.
  std::optional<terminal_guard> guard;
  if (parts.lines->draws_frames()) guard.emplace(parts.options.fd);
  fd_writer writer(ex, parts.options.fd);
  co_await asio::this_coro::throw_if_cancelled(false);
  bool cancelled = false;
  for (;;) {
    if (guard && guard->came_back()) parts.lines->begin_anew();
    parts.draw_frame(writer);
    writer.write(parts.out);
    if (!writer.gone() && writer.unwritten() > parts.options.unwritten_bytes) {
      // Lines must not be lost, so the daemon's stream waits; the build itself does not.
      co_await writer.drained_to(parts.options.unwritten_bytes / 2, parts.options.tick);
    } else {
      auto next = co_await events.pop_for(parts.pace->wait(steady_now()));
      if (next.has_value() && *next) {
        const auto rest = parts.pace->rest(steady_now());
        if (rest > rest.zero()) co_await events.gather(rest);
      }
      for (int n = 1; next.has_value() && *next; ++n) {
        parts.take(**next, writer.gone());
        if (parts.out.size() >= std::min(text_block, parts.options.unwritten_bytes)) writer.write(parts.out);
        if (n == most_batches_at_once || events.size() == 0 || writer.unwritten() > parts.options.unwritten_bytes) break;
        next = co_await events.pop();
      }
      if (events.closed() && events.size() == 0) break;
    }
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) {
      cancelled = true;
      break;
    }
  }
  parts.end(writer);
  if (!cancelled) co_await writer.drained_to(0, parts.options.drain_limit);
  co_await asio::this_coro::throw_if_cancelled(true);
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

void display::say(std::string_view line) {
  impl_->lines->say(line, impl_->out);
  impl_->pace->changed();
}

const trace& display::picture() const noexcept { return impl_->picture; }

mode display::how() const noexcept { return impl_->how; }

bool display::shows_error_blocks() const noexcept {
  return impl_->options.error_blocks && impl_->how != mode::quiet && impl_->how != mode::rawjson;
}

}  // namespace peelbox::progress
