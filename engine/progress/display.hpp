// Shows a build while it runs.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/async/clock.hpp"
#include "engine/async/failure.hpp"
#include "engine/progress/event_sink.hpp"
#include "engine/progress/listener.hpp"
#include "engine/progress/renderer.hpp"
#include "engine/progress/trace.hpp"

namespace peelbox::progress {

enum class mode { automatic, plain, tty, rawjson, logs, quiet };

/// "auto", "plain", "tty", "rawjson", "logs", "quiet"; anything else is failure{usage} that lists them.
result<mode> parse_mode(std::string_view text);
/// The flag wins; when it is `automatic`, `environment` (the value of BUILDKIT_PROGRESS, or null) decides.
result<mode> choose_mode(mode flag, const char* environment);

struct display_options {
  mode how = mode::automatic;  ///< automatic: tty on a terminal that can redraw, else plain
  int fd = 2;                  ///< stays open; never made non-blocking, since others share it
  bool color = true;
  tty_colors colors{};         ///< for a terminal, when `color` is set
  std::size_t error_lines = 10;
  unsigned tty_log_lines = 6;
  ci_log ci = ci_log::none;    ///< plain: groups for the log viewer of a CI service
  bool error_blocks = true;    ///< final block with the last log lines of each failed step (plain, tty)
  std::chrono::milliseconds interval = shown_every;  ///< least time between two frames (tty) or two writes of lines
  /// How often to refresh when nothing happens. Longer than events gather before they come, so that these share a frame.
  std::chrono::milliseconds tick = shown_every + std::chrono::milliseconds(50);
  std::size_t unwritten_bytes = 1024 * 1024;      ///< beyond this, no more events are taken until output has gone
  std::chrono::milliseconds drain_limit{3000};    ///< at the end: how long a stuck output may take
  error_reader readable = nullptr;  ///< for the errors of steps (rawjson has the daemon's own)
  std::vector<std::shared_ptr<listener>> listeners;  ///< are told after the trace and before the renderer
};

/// Use: make, `run()` beside the build, which gives its events to take() and ends with close(), then ask picture(). For one
/// build only. Events are taken in when they come, and shown a little later together with those that follow closely.
/// A slow output never stops the network thread: what it does not take at once is written by another one. With a closed output
/// events are taken and not shown; where the output is a result, write_error() tells. Threading: all calls on the network thread.
class display final : public event_sink {
 public:
  /// failure{usage} when `how` is tty and fd is no terminal.
  static result<std::unique_ptr<display>> make(display_options options);
  ~display() override;
  display(const display&) = delete;
  display& operator=(const display&) = delete;

  /// Shows the events until close(), then writes the end and waits at most `drain_limit` until the output has taken it. When
  /// cancelled, it still writes the end, waits only for the writer's short grace, and unwinds. After it has ended, take()
  /// takes nothing. The display must outlive the task.
  task<void> run();

  bool take(const batch& events) override;
  task<bool> room() override;
  void close() override;

  /// Shows a line without disturbing the picture, with the next frame at the latest. Only while run() is under way; at
  /// other times the caller may write to the descriptor itself.
  void say(std::string_view line);

  /// What is known of the build: for error texts and tests. Still valid after run().
  const trace& picture() const noexcept;
  /// After run(): 0 when everything was written, else the errno that ended the output; ETIMEDOUT when it took nothing for
  /// `drain_limit` at the end.
  int write_error() const noexcept;
  /// The mode that is used, never `automatic`.
  mode how() const noexcept;
  /// True when the last log lines of failed steps were shown, so that an error text need not repeat them.
  bool shows_error_blocks() const noexcept;

 private:
  struct impl;
  struct in_use;
  explicit display(std::unique_ptr<impl> parts);
  std::unique_ptr<impl> impl_;
};

}  // namespace peelbox::progress
