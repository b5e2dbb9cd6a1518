// How coroutines of one executor wait for each other.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <optional>

#include "engine/async/asio.hpp"

namespace peelbox {

enum class wake { signalled, timed_out, cancelled };

/// notify() wakes those that wait at this moment. It is not remembered, so a waiter tests its condition in a loop:
///     while (queue.empty()) if (co_await changed.wait() != wake::signalled) …
/// Between the test and the wait nothing else runs, because everything is on one thread. Not thread-safe.
/// The event must outlive its waiters, or be destroyed together with them.
class event {
 public:
  explicit event(executor ex) : executor_(std::move(ex)) {}
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  void notify();
  task<wake> wait() { return wait_impl(std::nullopt); }
  task<wake> wait_for(std::chrono::steady_clock::duration limit) { return wait_impl(limit); }
  bool has_waiters() const noexcept { return !waiters_.empty(); }

 private:
  struct waiter;
  using waiter_list = std::list<std::shared_ptr<waiter>>;
  task<wake> wait_impl(std::optional<std::chrono::steady_clock::duration> limit);
  void start(asio::any_completion_handler<void(wake)> handler,
             std::optional<std::chrono::steady_clock::duration> limit);

  executor executor_;
  waiter_list waiters_;
};

}  // namespace peelbox
