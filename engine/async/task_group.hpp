// Children that run beside each other and end together.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <list>
#include <optional>

#include "engine/async/event.hpp"
#include "engine/async/failure.hpp"

namespace peelbox {

/// Starts tasks, cancels the others when one fails, and waits for all of them: the one place that waits for coroutines
/// which have to end before their caller goes on.
///
/// Most callers use it through run(). When the caller is cancelled or the body throws, run() cancels and joins the children
/// before it rethrows. So a child may refer to objects that live outside run(). Who makes a group itself has to
/// join() it on every way out after the first child.
class task_group {
 public:
  /// Runs `body(group)`, then joins. The first failure (of the body or of a child) is the result. Cancelling the
  /// caller cancels the body and all children; run() then unwinds after the last of them has ended.
  static task<result<void>> run(std::function<task<result<void>>(task_group&)> body);

  /// Starts a child after spawn() has returned. If it fails, or throws, the whole group is cancelled.
  void spawn(task<result<void>> child);
  /// As spawn(), but the child runs to its first wait at once, even when the group is cancelled right after. Not for children
  /// that touch the group before that.
  void start(task<result<void>> child);
  /// Asks every child to stop; they unwind at their next co_await.
  void cancel();

  /// Waits until no child runs. When `limit` passes or the caller is cancelled, cancels the children and goes on waiting.
  /// Returns why it cancelled them, or wake::signalled when they ended without that; does not throw. wake::cancelled has used
  /// the caller's cancellation up, so the caller unwinds by itself. One that comes after the last child's end has its
  /// effect at the caller's next co_await, as always.
  task<wake> join(std::optional<std::chrono::steady_clock::duration> limit = std::nullopt);

  /// What the first child that failed or threw said; std::nullopt when none did.
  const std::optional<failure>& first_failure() const noexcept { return first_; }
  /// Throws what that child threw; returns when it threw nothing.
  void rethrow() const;

  explicit task_group(executor ex);
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;

 private:
  struct child {
    asio::cancellation_signal signal;
  };
  void ended(std::list<child>::iterator which, std::exception_ptr thrown, std::optional<failure> why);

  executor executor_;
  event changed_;
  std::list<child> children_;
  std::optional<failure> first_;
  std::exception_ptr thrown_;  // what became first_
  bool cancelled_ = false;
};

/// The exception with which a task ended, as a failure; std::nullopt when there is none.
std::optional<failure> failure_of(std::exception_ptr exception);

}  // namespace peelbox
