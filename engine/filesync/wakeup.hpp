// How pool threads wake a coroutine of the network thread.
#pragma once

#include <boost/asio/post.hpp>
#include <memory>
#include <mutex>
#include <utility>

#include "engine/async/event.hpp"

namespace peelbox::filesync {

/// Many notify() calls between two waits are one wake-up. Owned by the coroutine and by the work that it has given
/// away. The coroutine calls close() before it ends; after that nothing is posted to its
/// executor.
class wakeup : public std::enable_shared_from_this<wakeup> {
 public:
  explicit wakeup(executor ex) : executor_(ex), changed_(std::move(ex)) {}

  /// Any thread.
  void notify() {
    const std::lock_guard lock(mutex_);
    if (closed_ || posted_) return;
    posted_ = true;
    asio::post(executor_, [self = shared_from_this()] {
      {
        const std::lock_guard again(self->mutex_);
        self->posted_ = false;
      }
      self->notify_here();
    });
  }
  /// The network thread.
  void notify_here() {
    signalled_ = true;
    changed_.notify();
  }
  /// The network thread; one waiter. Returns at once when there was a notification since the last wait.
  task<void> wait() {
    while (!signalled_) co_await changed_.wait();
    signalled_ = false;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }

 private:
  executor executor_;
  event changed_;
  bool signalled_ = false;
  std::mutex mutex_;
  bool posted_ = false;
  bool closed_ = false;
};

}  // namespace peelbox::filesync
