// Where the events of a build go.
#pragma once

#include <chrono>

#include "engine/async/asio.hpp"
#include "engine/progress/event.hpp"

namespace peelbox::progress {

/// The least time between two frames or writes of a display. Events that come one by one may gather a little longer than
/// this before they are delivered; by then the display is ready to show all of them.
inline constexpr std::chrono::milliseconds shown_every{150};

/// Takes what a build reports, in the order in which it comes; `display` is one. All calls on the network thread.
class event_sink {
 public:
  virtual ~event_sink() = default;

  /// Takes the whole batch without waiting, or none of it and returns false: when too much of what came before is still
  /// unwritten (a stopped terminal), and after the end.
  virtual bool take(const batch& events) = 0;
  /// Waits until take() has room; false when it never will again, and when cancelled.
  virtual task<bool> room() = 0;
  /// No more will come.
  virtual void close() = 0;

  /// Calls take() as soon as there is room; false when there never will be, and the batch was dropped.
  task<bool> push(batch events) {
    while (!take(events)) {
      const bool more = co_await room();
      if (!more) co_return false;
    }
    co_return true;
  }
};

/// Closes a sink on every way out.
class closes_sink {
 public:
  explicit closes_sink(event_sink& sink) : sink_(sink) {}
  ~closes_sink() { sink_.close(); }
  closes_sink(const closes_sink&) = delete;
  closes_sink& operator=(const closes_sink&) = delete;

 private:
  event_sink& sink_;
};

}  // namespace peelbox::progress
