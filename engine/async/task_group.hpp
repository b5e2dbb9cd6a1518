// Children that run beside each other and end together.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "engine/async/event.hpp"
#include "engine/async/failure.hpp"

namespace peelbox {

/// Starts tasks, cancels the others when one fails, and waits for all of them.
///
/// Use it through run(). When the caller is cancelled or the body throws, run() cancels and joins the children before it
/// rethrows. So a child may refer to objects that live outside run().
class task_group {
 public:
  /// Runs `body(group)`, then joins. The first failure (of the body or of a child) is the result. Cancelling the
  /// caller cancels the body and all children; run() then unwinds after the last of them has ended.
  static task<result<void>> run(std::function<task<result<void>>(task_group&)> body);

  /// Starts a child. If it fails, or throws, the whole group is cancelled.
  void spawn(task<result<void>> child);
  /// Asks every child to stop; they unwind at their next co_await.
  void cancel();
  /// Children that have not ended.
  std::size_t running() const noexcept { return children_.size(); }
  /// Waits until no child runs. The group can be used again.
  task<void> idle();

  explicit task_group(executor ex);
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;

 private:
  struct child {
    asio::cancellation_signal signal;
  };
  void ended(std::list<child>::iterator which, std::optional<failure> why);

  executor executor_;
  event changed_;
  std::list<child> children_;
  std::optional<failure> first_;
  bool cancelled_ = false;
};

/// The exception with which a task ended, as a failure; std::nullopt when there is none.
std::optional<failure> failure_of(std::exception_ptr exception);

}  // namespace peelbox
