#include "engine/async/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <utility>

#include "engine/async/clock.hpp"

namespace peelbox {

std::optional<failure> failure_of(std::exception_ptr exception) {
  if (!exception) return std::nullopt;
  try {
    std::rethrow_exception(exception);
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) return failure(errc::cancelled, "cancelled");
    return failure(errc::internal, e.what());
  } catch (const std::exception& e) {
    return failure(errc::internal, e.what());
  }
}

task_group::task_group(executor ex) : executor_(ex), changed_(ex) {}

namespace {

/// A spawned child starts after spawn() has returned. It may fail or cancel its group at once, while the group is not yet
/// set up, and Asio does not support cancelling a coroutine that has not suspended yet.
task<result<void>> start_later(executor ex, task<result<void>> child) {
  co_await asio::post(ex, asio::use_awaitable);
  co_return co_await std::move(child);
}

bool is_cancelled(const asio::cancellation_state& state) {
  return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace

void task_group::spawn(task<result<void>> child_task) { start(start_later(executor_, std::move(child_task))); }

void task_group::start(task<result<void>> child_task) {
  children_.emplace_back();
  const auto which = std::prev(children_.end());
  asio::co_spawn(executor_, std::move(child_task),
                 asio::bind_cancellation_slot(which->signal.slot(),
                                              [this, which](std::exception_ptr exception, result<void> r) {
                                                std::optional<failure> why = failure_of(exception);
                                                if (!why && r.has_error()) why = r.error();
                                                ended(which, exception, std::move(why));
                                              }));
  // In a cancelled group a child runs only to its first wait.
  if (cancelled_) which->signal.emit(asio::cancellation_type::terminal);
}

void task_group::ended(std::list<child>::iterator which, std::exception_ptr thrown, std::optional<failure> why) {
  children_.erase(which);
  if (why && !first_) {
    // Children that end because the group was cancelled are not the cause.
    if (!(cancelled_ && why->code == errc::cancelled)) {
      first_ = std::move(why);
      thrown_ = std::move(thrown);
    }
    cancel();
  }
  changed_.notify();
}

void task_group::cancel() {
  cancelled_ = true;
  // emit() may let a child end, which erases its element.
  for (auto it = children_.begin(); it != children_.end();) {
    auto current = it++;
    current->signal.emit(asio::cancellation_type::terminal);
  }
}

void task_group::rethrow() const {
  if (thrown_) std::rethrow_exception(thrown_);
}

task<wake> task_group::join(std::optional<std::chrono::steady_clock::duration> limit) {
  const steady_time begun = steady_now();
  co_await asio::this_coro::throw_if_cancelled(false);
  wake why = wake::signalled;
  bool late = false;
  while (!children_.empty()) {
    if (why == wake::signalled) {
      // Asks for the state instead of the last wake-up's reason: a cancellation may come between a child's end and our
      // resumption.
      if (is_cancelled(co_await asio::this_coro::cancellation_state)) why = wake::cancelled;
      else if (late) why = wake::timed_out;
      if (why != wake::signalled) {
        // From here on we only wait for the children to end. A cancellation that comes meanwhile is noted, but ends no wait.
        co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation(),
                                                           asio::disable_cancellation());
        cancel();
        continue;
      }
    }
    if (limit && why == wake::signalled) late = co_await changed_.wait_for(begun + *limit - steady_now()) == wake::timed_out;
    else co_await changed_.wait();
  }
  if (why != wake::signalled) {
    if (is_cancelled(co_await asio::this_coro::cancellation_state)) why = wake::cancelled;
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  }
  co_await asio::this_coro::throw_if_cancelled(true);
  co_return why;
}

task<result<void>> task_group::run(std::function<task<result<void>>(task_group&)> body) {
  const executor ex = co_await asio::this_coro::executor;
  task_group group(ex);
  group.spawn(body(group));
  const wake why = co_await group.join();
  if (why == wake::cancelled || is_cancelled(co_await asio::this_coro::cancellation_state))
    throw boost::system::system_error(asio::error::operation_aborted);
  if (group.first_) co_return *group.first_;
  co_return result<void>();
}

}  // namespace peelbox
