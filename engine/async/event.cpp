#include "engine/async/event.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <utility>

namespace peelbox {

struct event::waiter {
  // In Boost 1.81 the move assignment of any_completion_handler recurses for ever; construction works.
  explicit waiter(asio::any_completion_handler<void(wake)> h) : handler(std::move(h)) {}

  asio::any_completion_handler<void(wake)> handler;
  std::optional<asio::steady_timer> timer;
  event* owner = nullptr;  // null once woken
  waiter_list::iterator self;

  void complete(wake reason) {
    if (!owner) return;
    const executor ex = owner->executor_;
    const std::shared_ptr<waiter> keep = *self;
    owner->waiters_.erase(self);
    owner = nullptr;
    if (timer) timer->cancel();
    asio::get_associated_cancellation_slot(handler).clear();
    asio::post(ex, [h = std::move(handler), reason]() mutable { std::move(h)(reason); });
  }
};

void event::notify() {
  while (!waiters_.empty()) waiters_.front()->complete(wake::signalled);
}

void event::start(asio::any_completion_handler<void(wake)> handler,
                  std::optional<std::chrono::steady_clock::duration> limit) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  auto w = std::make_shared<waiter>(std::move(handler));
  w->owner = this;
  w->self = waiters_.insert(waiters_.end(), w);
  if (slot.is_connected()) {
    // The waiter keeps the handler, which owns the slot, so the raw pointer cannot outlive the waiter.
    slot.assign([raw = w.get()](asio::cancellation_type) { raw->complete(wake::cancelled); });
  }
  if (limit) {
    w->timer.emplace(executor_);
    w->timer->expires_after(*limit);
    w->timer->async_wait([weak = std::weak_ptr<waiter>(w)](const boost::system::error_code& ec) {
      if (ec) return;
      if (auto alive = weak.lock()) alive->complete(wake::timed_out);
    });
  }
}

task<wake> event::wait_impl(std::optional<std::chrono::steady_clock::duration> limit) {
  auto token = asio::use_awaitable;
  co_return co_await asio::async_initiate<decltype(token), void(wake)>(
      [this, limit](auto handler) { start(asio::any_completion_handler<void(wake)>(std::move(handler)), limit); },
      token);
}

}  // namespace peelbox
