// The one place that turns a timer into errc::timed_out.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "engine/async/asio.hpp"
#include "engine/async/failure.hpp"

namespace peelbox {

/// Runs `operation`. If `limit` passes first, cancels it, waits until it has unwound, and returns
/// failure{timed_out, what}. Cancelling the caller cancels the operation. `what` is the whole text for people. What the operation
/// refers to must live until it has unwound, which may be later than `limit`.
task<result<void>> with_timeout(task<result<void>> operation, std::chrono::steady_clock::duration limit,
                                std::string what);

/// Runs `operation` and puts what it returns into `outcome`.
template <class T>
task<result<void>> keep_outcome(task<result<T>> operation, std::optional<result<T>>& outcome) {
  result<T> got = co_await std::move(operation);
  outcome.emplace(std::move(got));
  co_return result<void>();
}

/// The same for an operation with a value.
template <class T>
task<result<T>> with_timeout(task<result<T>> operation, std::chrono::steady_clock::duration limit, std::string what) {
  std::optional<result<T>> outcome;
  auto kept = keep_outcome(std::move(operation), outcome);
  auto limited = with_timeout(std::move(kept), limit, std::move(what));
  const result<void> ended = co_await std::move(limited);
  if (ended.has_error()) co_return ended.error();
  co_return std::move(*outcome);
}

}  // namespace peelbox
