// Where the events of a build go.
#pragma once

#include <chrono>

#include "engine/async/asio.hpp"
#include "engine/progress/event.hpp"

namespace peelbox::progress {

/// The interval of a display's frames and writes. Events that come one by one may gather a little longer before they are
/// brought, so that all of them are shown when they come.
inline constexpr std::chrono::milliseconds shown_every{150};

/// Takes what a build reports, in the order in which it comes; `display` is one. All calls on the network thread.
class event_sink {
 public:
  virtual ~event_sink() = default;

  /// Takes all of a batch, without waiting, or nothing: false when too much of what came before has not been shown
  /// (a stopped terminal), and after the end.
  virtual bool take(const batch& events) = 0;
  /// Waits until take() would take something; false when it never will again. False too when cancelled.
  virtual task<bool> room() = 0;
  /// No more will come.
  virtual void close() = 0;

  /// take() as soon as there is room; false: dropped, because there never will be.
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
