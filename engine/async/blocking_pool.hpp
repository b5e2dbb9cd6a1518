// Threads for what blocks: stat, readdir, open, read, credential helpers.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/async/asio.hpp"

namespace peelbox {

/// run() executes a function on one of at most `threads` threads and resumes the caller on its own executor. A thread is
/// started when there is work and none is free, so a small build starts one or none. The function must not throw and must
/// end by itself: cancelling the caller does not interrupt it, the caller unwinds after it.
/// What the function refers to must stay alive until then, so pass values or shared owners.
/// A function with captures has to be a named object before the co_await expression (engine/async/asio.cpp
/// tells why).
/// The destructor runs what is queued and waits for it. The callers' io_context must outlive the pool: a thread may
/// still be in post() when the caller has gone on.
class blocking_pool {
 public:
  /// Starts no thread yet.
  explicit blocking_pool(unsigned threads);
  ~blocking_pool();
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;

  unsigned threads() const noexcept { return most_; }

  template <class F>
  task<std::invoke_result_t<F&>> run(F function) {
    using R = std::invoke_result_t<F&>;
    const executor ex = co_await asio::this_coro::executor;
    auto token = asio::use_awaitable;
    auto start = [this, ex, f = std::move(function)](auto handler) mutable {
      // co_spawn keeps the caller's context running, so no work guard is needed here.
      // Without "this->" clang does not see that the capture is used.
      this->post([f = std::move(f), ex, h = asio::any_completion_handler<void(R)>(std::move(handler))]() mutable {
        R value = f();
        asio::post(ex, [h = std::move(h), v = std::move(value)]() mutable { std::move(h)(std::move(v)); });
      });
    };
    co_return co_await asio::async_initiate<decltype(token), void(R)>(std::move(start), token);
  }

  /// Does not wait: for work whose result is collected elsewhere. Any thread may call it. Throws std::system_error when
  /// not even one thread can be started.
  template <class F>
  void post(F function) {
    enqueue(std::make_unique<job_of<F>>(std::move(function)));
  }

 private:
  struct job {
    virtual ~job() = default;
    virtual void run() = 0;
  };
  template <class F>
  struct job_of final : job {
    explicit job_of(F f) : function(std::move(f)) {}
    void run() override { function(); }
    F function;
  };

  void enqueue(std::unique_ptr<job> next);
  void work();

  const unsigned most_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<std::unique_ptr<job>> queue_;
  std::vector<std::thread> threads_;
  std::size_t free_ = 0;  // threads that wait for work
  bool ending_ = false;
};

}  // namespace peelbox
