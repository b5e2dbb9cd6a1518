#include "engine/progress/display.hpp"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <optional>
#include <string>

#include "engine/async/event.hpp"
#include "engine/progress/fd_writer.hpp"
#include "engine/progress/pacing.hpp"
#include "engine/progress/terminal.hpp"
#include "engine/progress/terminal_guard.hpp"

namespace peelbox::progress {
namespace {

// Text is given to the writer in pieces of this size, so that it is written while still in the processor's cache.
constexpr std::size_t text_block = 256 << 10;
// Room for one piece and the text of a large batch, reserved at once: growing would copy it several times.
constexpr std::size_t text_memory = 2 * text_block;
// The tick of renderers that only react to events; a line of say() waits at most this long.
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

  // While run() is under way.
  fd_writer* writer = nullptr;
  std::optional<event> news;     // something was taken; for run()
  std::optional<event> written;  // for room()
  bool resting = false;  // run() lets events gather and is not notified of each
  bool closed = false;
  int write_error = 0;

  bool behind() const { return writer != nullptr && writer->unwritten() > options.unwritten_bytes; }
  bool output_gone() const { return writer != nullptr && writer->gone(); }

  void take(const batch& events) {
    const wall_time when = now();
    picture.apply(events, when);
    pace->changed();
    for (const auto& one : options.listeners) one->update(events, picture, when);
    if (!output_gone()) lines->update(events, picture, when, out);
    if (writer != nullptr && out.size() >= std::min(text_block, options.unwritten_bytes)) writer->write(out);
    if (news && (!resting || behind())) news->notify();
  }

  void draw_frame() {
    const steady_time time = steady_now();
    if (!pace->due(time, writer->unwritten() > 0)) return;
    if (lines->draws_frames()) {
      const terminal_info size = look_at_terminal(options.fd);
      lines->resize(size.columns, size.rows);
    }
    lines->refresh(picture, now(), out);
    pace->drawn(time);
  }

  // Waits until there is something to show.
  task<void> next() {
    if (closed) co_return;
    if (behind()) {
      // No line may be lost, so the daemon's stream has to wait. The build itself goes on.
      co_await writer->drained_to(options.unwritten_bytes / 2, options.tick);
      written->notify();
      co_return;
    }
    written->notify();  // the writer may have caught up in the meantime
    const wake why = co_await news->wait_for(pace->wait(steady_now()));
    if (why != wake::signalled || closed) co_return;
    const auto rest = pace->rest(steady_now());
    if (rest <= rest.zero() || behind()) co_return;
    resting = true;
    co_await news->wait_for(rest);
    resting = false;
  }

  void end() {
    const wall_time when = now();
    picture.finish(when);
    for (const auto& one : options.listeners) one->finish(picture, when);
    if (writer->gone()) return;
    lines->finish(picture, when, out);
    writer->write(out);
  }
};

struct display::in_use {
  in_use(impl& i, const executor& ex, fd_writer& writer) : parts(i) {
    parts.writer = &writer;
    parts.news.emplace(ex);
    parts.written.emplace(ex);
  }
  ~in_use() {
    parts.writer = nullptr;
    parts.closed = true;
    parts.written->notify();
  }
  in_use(const in_use&) = delete;
  in_use& operator=(const in_use&) = delete;
  impl& parts;
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
      plain.ci = options.ci;
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
  parts->pace.emplace(pacing_limits{parts->lines->draws_frames(), options.interval,
                                    parts->lines->wants_time() ? options.tick : idle_tick});
  parts->out.reserve(text_memory);
  parts->options = std::move(options);
  return std::unique_ptr<display>(new display(std::move(parts)));
}

task<void> display::run() {
  impl& parts = *impl_;
  const executor ex = co_await asio::this_coro::executor;
  // Before the writer, so that the terminal is given back after the last byte.
  std::optional<terminal_guard> guard;
  if (parts.lines->draws_frames()) guard.emplace(parts.options.fd);
  fd_writer writer(ex, parts.options.fd);
  const in_use used(parts, ex, writer);
  co_await asio::this_coro::throw_if_cancelled(false);
  bool cancelled = false;
  do {
    if (guard && guard->came_back()) parts.lines->begin_anew();
    parts.draw_frame();
    writer.write(parts.out);
    co_await parts.next();
    const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
    cancelled = state.cancelled() != asio::cancellation_type::none;
  } while (!parts.closed && !cancelled);
  if (guard) guard->lines_are_whole();  // helps with the last picture, which may have thousands of rows
  parts.end();
  bool drained = true;
  if (!cancelled) drained = co_await writer.drained_to(0, parts.options.drain_limit);
  parts.write_error = writer.error() != 0 ? writer.error() : drained ? 0 : ETIMEDOUT;
  co_await asio::this_coro::throw_if_cancelled(true);
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) {
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

bool display::take(const batch& events) {
  if (impl_->closed || impl_->behind()) return false;
  impl_->take(events);
  return true;
}

task<bool> display::room() {
  while (!impl_->closed && impl_->behind()) {
    const wake why = co_await impl_->written->wait();
    if (why == wake::cancelled) co_return false;
  }
  co_return !impl_->closed;
}

void display::close() {
  impl_->closed = true;
  if (impl_->news) impl_->news->notify();
  if (impl_->written) impl_->written->notify();
}

void display::say(std::string_view line) {
  impl_->lines->say(line, impl_->out);
  impl_->pace->changed();
}

const trace& display::picture() const noexcept { return impl_->picture; }

int display::write_error() const noexcept { return impl_->write_error; }

mode display::how() const noexcept { return impl_->how; }

bool display::shows_error_blocks() const noexcept {
  return impl_->options.error_blocks && impl_->how != mode::quiet && impl_->how != mode::rawjson;
}

}  // namespace peelbox::progress
