// Threads for what blocks: stat, readdir, open, read, credential helpers.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

#include "engine/async/asio.hpp"

namespace peelbox {

/// run() executes a function on one of `threads` threads and resumes the caller on its own executor. The function
/// must not throw and must end by itself: cancelling the caller does not interrupt it, the caller unwinds after it.
/// What the function refers to must stay alive until then, so pass values or shared owners.
/// Bind a function with captures to a local first: `co_await pool.run([owner] {…})` destroys the capture twice with
/// GCC 12, which does not promote the closure of a co_await expression properly.
/// The destructor waits for functions that are under way. The callers' io_context must outlive the pool: a thread may
/// still be leaving post() when the caller has already gone on.
class blocking_pool {
 public:
  explicit blocking_pool(unsigned threads) : threads_(threads), pool_(threads) {}
  ~blocking_pool() { pool_.join(); }
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;

  unsigned threads() const noexcept { return threads_; }

  template <class F>
  task<std::invoke_result_t<F&>> run(F function) {
    using R = std::invoke_result_t<F&>;
    const executor ex = co_await asio::this_coro::executor;
    auto token = asio::use_awaitable;
    auto start = [this, ex, f = std::move(function)](auto handler) mutable {
      // co_spawn keeps the caller's context at work, so no work guard is needed here.
      asio::post(pool_, [f = std::move(f), ex, h = asio::any_completion_handler<void(R)>(std::move(handler))]() mutable {
        R value = f();
        asio::post(ex, [h = std::move(h), v = std::move(value)]() mutable { std::move(h)(std::move(v)); });
      });
    };
    co_return co_await asio::async_initiate<decltype(token), void(R)>(std::move(start), token);
  }

  /// Fire and forget, for work whose result is picked up elsewhere.
  template <class F>
  void post(F function) {
    asio::post(pool_, std::move(function));
  }

 private:
  unsigned threads_;
  asio::thread_pool pool_;
};

}  // namespace peelbox
