// Who wants to know what happens in a build, beside the display.
#pragma once

#include "engine/progress/event.hpp"
#include "engine/progress/trace.hpp"

namespace peelbox::progress {

/// Gets the same calls as the renderer, in the same order and on the same thread: update* finish. It must not block for
/// long, because the display waits for it.
class listener {
 public:
  virtual ~listener() = default;
  /// `picture` has just applied `events`; its changed() and lines() tell what is new. Both are valid during the call only.
  virtual void update(const batch& events, const trace& picture, wall_time now) = 0;
  /// False: update() does not need lines(). When nobody does, the trace skips most of them
  /// (`trace_limits::every_line`).
  virtual bool wants_lines() const noexcept { return true; }
  /// The build has ended; after trace::finish().
  virtual void finish(const trace& picture, wall_time now) = 0;
};

}  // namespace peelbox::progress
