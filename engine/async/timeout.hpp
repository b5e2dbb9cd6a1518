// The one place that turns a timer into errc::timed_out.
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <optional>
#include <string>

#include "engine/async/event.hpp"
#include "engine/async/failure.hpp"

namespace peelbox {

/// Runs `operation`. If `limit` passes first, cancels it, waits until it has unwound, and returns
/// failure{timed_out, what}. Cancelling the caller cancels the operation.
template <class T>
task<result<T>> with_timeout(task<result<T>> operation, std::chrono::steady_clock::duration limit,
                             std::string what) {
  const executor ex = co_await asio::this_coro::executor;
  event ended(ex);
  asio::cancellation_signal stop;
  bool done = false;
  std::exception_ptr thrown;
  std::optional<result<T>> outcome;
  asio::co_spawn(ex, std::move(operation),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, result<T> r) {
                   done = true;
                   thrown = e;
                   if (!e) outcome.emplace(std::move(r));
                   ended.notify();
                 }));
  co_await asio::this_coro::throw_if_cancelled(false);
  wake why = wake::signalled;
  if (!done) why = co_await ended.wait_for(limit);
  if (!done) {
    stop.emit(asio::cancellation_type::terminal);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    while (!done) co_await ended.wait();
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  }
  co_await asio::this_coro::throw_if_cancelled(true);
  if (why == wake::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
  if (why == wake::timed_out) co_return failure(errc::timed_out, std::move(what));
  if (thrown) std::rethrow_exception(thrown);
  co_return std::move(*outcome);
}

}  // namespace peelbox
