// A bounded queue between coroutines of one executor.
#pragma once

#include <deque>
#include <optional>
#include <utility>

#include "engine/async/event.hpp"
#include "engine/async/failure.hpp"

namespace peelbox::test {

/// push() waits while `capacity` elements are queued; pop() waits while none is. close() ends both sides: what is
/// queued can still be popped, then pop() gives the failure, or std::nullopt when it was closed without one.
template <class T>
class channel {
 public:
  channel(executor ex, std::size_t capacity) : changed_(std::move(ex)), capacity_(capacity) {}

  /// False: the channel is closed and the element was dropped.
  task<bool> push(T element) {
    while (!closed_ && queue_.size() >= capacity_) co_await changed_.wait();
    if (closed_) co_return false;
    append(std::move(element));
    co_return true;
  }
  /// Without waiting; false when full or closed.
  bool try_push(T element) {
    if (closed_ || queue_.size() >= capacity_) return false;
    append(std::move(element));
    return true;
  }
  task<result<std::optional<T>>> pop() {
    while (queue_.empty() && !closed_) co_await changed_.wait();
    if (!queue_.empty()) {
      std::optional<T> element(std::move(queue_.front()));
      queue_.pop_front();
      changed_.notify();
      co_return result<std::optional<T>>(std::move(element));
    }
    if (why_) co_return *why_;
    co_return result<std::optional<T>>(std::nullopt);
  }
  void close() { close_with(std::nullopt); }
  void close(failure why) { close_with(std::move(why)); }
  std::size_t size() const noexcept { return queue_.size(); }

 private:
  void append(T element) {
    queue_.push_back(std::move(element));
    changed_.notify();
  }
  void close_with(std::optional<failure> why) {
    if (closed_) return;
    closed_ = true;
    why_ = std::move(why);
    changed_.notify();
  }

  event changed_;
  std::size_t capacity_;
  std::deque<T> queue_;
  bool closed_ = false;
  std::optional<failure> why_;
};

}  // namespace peelbox::test
