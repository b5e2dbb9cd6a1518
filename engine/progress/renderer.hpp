// The picture of a build as bytes for a terminal or a file.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/progress/ci_log.hpp"
#include "engine/progress/event.hpp"
#include "engine/progress/trace.hpp"

namespace peelbox::progress {

/// Pure: time comes in, bytes come out. `out` is appended to. Calls come in the order
/// (update | refresh | say)* finish, always with the same trace.
class renderer {
 public:
  virtual ~renderer() = default;

  /// `picture` has just applied `events`; its changed() and lines() tell what is new.
  virtual void update(const batch& events, const trace& picture, wall_time now, std::string& out) = 0;
  /// Time has passed. Called several times a second while a build runs.
  virtual void refresh(const trace& picture, wall_time now, std::string& out) = 0;
  /// A line for people that is not part of the build's picture. It is sanitised already.
  virtual void say(std::string_view line, std::string& out) { out.append(line).push_back('\n'); }
  /// The last call, after trace::finish(): what is still pending, and the last log lines of each failed step.
  virtual void finish(const trace& picture, wall_time now, std::string& out) = 0;

  /// True: each output replaces the one before it, so an output that was not written yet may be skipped.
  virtual bool draws_frames() const noexcept { return false; }
  /// False: refresh() does nothing, so there is no need to wake up for it.
  virtual bool wants_time() const noexcept { return true; }
  /// False: update() and finish() do not need the trace's lines() (`trace_limits::every_line`).
  virtual bool wants_lines() const noexcept { return true; }
  /// Size of the terminal, for renderers that care.
  virtual void resize(unsigned /*columns*/, unsigned /*rows*/) {}
  /// Others have written to the output: what was drawn can no longer be replaced.
  virtual void begin_anew() {}
};

struct plain_options {
  std::size_t error_lines = 10;         ///< last log lines in the block of a failed step
  std::size_t held_bytes = 64 * 1024;   ///< text of one step that waits for its turn
  bool error_blocks = true;
  ci_log ci = ci_log::none;             ///< each turn of a step is a group there
};
/// Codes before a line of each kind; an empty one means the terminal's own colour. A line with one ends with a reset.
struct tty_colors {
  std::string plain, done, failed, cancelled, warning, faint;
};
/// Colours that are readable on the terminal's background, which some terminals give in the variable COLORFGBG ("15;0").
/// When `colorfgbg` is null or anything else: colours that can be read on both light and dark.
tty_colors colors_for(const char* colorfgbg);
/// Changes them as BUILDKIT_COLORS says, such as "run=green:warning=yellow:error=light-red:cancel=255,165,0" (BuildKit,
/// util/progress/progressui/colors.go). Returns a sentence for each part that has no meaning and was ignored.
std::vector<std::string> choose_colors(std::string_view buildkit_colors, tty_colors& colors);

struct tty_options {
  unsigned columns = 80;
  unsigned rows = 24;
  tty_colors colors{};
  unsigned log_lines = 6;               ///< last log lines under a running step
  std::size_t error_lines = 10;
  bool error_blocks = true;
  std::string title = "Building";
};

std::unique_ptr<renderer> make_plain_renderer(plain_options options = {});
std::unique_ptr<renderer> make_tty_renderer(tty_options options = {});
/// One JSON object per batch and line, with the fields of buildctl's rawjson (client/graph.go); times are the daemon's.
std::unique_ptr<renderer> make_rawjson_renderer();
/// One warning in rawjson's form.
void append_json_warning(const warning& w, std::string& out);
/// Only the output of the user's own commands; with several services, each line after the name of its service.
std::unique_ptr<renderer> make_logs_renderer();
std::unique_ptr<renderer> make_quiet_renderer();

}  // namespace peelbox::progress
