// When to draw and how long to wait: the display's clock work, without a clock.
#pragma once

#include <algorithm>
#include <optional>

#include "engine/async/clock.hpp"

namespace peelbox::progress {

struct pacing_limits {
  bool frames = false;                 ///< output replaces the one before it
  std::chrono::milliseconds interval;  ///< least time between two frames, or two writes of lines
  std::chrono::milliseconds tick;      ///< when nothing happens
};

class pacing {
 public:
  using duration = std::chrono::steady_clock::duration;

  explicit pacing(pacing_limits limits) : limits_(limits) {}

  /// Whether to draw now. The first frame is due at once, even when nothing has happened. `stuck`: the frame before has not
  /// been written yet.
  bool due(steady_time now, bool stuck) const {
    if (!limits_.frames) return true;
    return !stuck && (!last_frame_ || now - *last_frame_ >= limits_.interval);
  }
  void drawn(steady_time now) {
    last_frame_ = now;
    stale_ = false;
  }
  /// Something happened that the last frame does not show.
  void changed() { stale_ = true; }

  /// How long to wait for events before looking at the screen again.
  duration wait(steady_time now) const {
    if (!limits_.frames || !stale_ || !last_frame_) return limits_.tick;
    return std::clamp<duration>(*last_frame_ + limits_.interval - now, std::chrono::milliseconds(1), limits_.tick);
  }

  /// Events have come: how long more of them may gather before they are shown, because waking up for each costs more than
  /// showing it. Zero when the last ones were shown at least an interval ago.
  duration rest(steady_time now) {
    const steady_time shown = last_shown_ ? std::max(now, *last_shown_ + limits_.interval) : now;
    last_shown_ = shown;
    return shown - now;
  }

 private:
  pacing_limits limits_;
  std::optional<steady_time> last_frame_;
  std::optional<steady_time> last_shown_;
  bool stale_ = true;
};

}  // namespace peelbox::progress
