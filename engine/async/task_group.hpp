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
/// Use it through run(), which also holds when the caller is cancelled or its body throws: the children are then
/// cancelled and joined before run() returns or rethrows. So a child may refer to what lives outside run().
class task_group {
 public:
  /// Runs `body(group)`, then joins. The first failure (of the body or of a child) is the result. Cancelling the
  /// caller cancels the body and all children; run() then unwinds after the last of them has ended.
  static task<result<void>> run(std::function<task<result<void>>(task_group&)> body);

  /// Starts a child. A failure of it cancels the whole group; an exception of it counts as failure.
  void spawn(task<result<void>> child);
  /// Asks every child to stop; they unwind at their next co_await.
  void cancel();
  /// Children that have not ended.
  std::size_t running() const noexcept { return children_.size(); }
  /// Waits until no child runs. Leaves the group usable.
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

/// Turns what an ended task left behind into a failure; std::nullopt for success.
std::optional<failure> failure_of(std::exception_ptr exception);

}  // namespace peelbox
