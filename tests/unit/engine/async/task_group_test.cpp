#include "engine/async/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/system/system_error.hpp>

#include "engine/async/sleep.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox {
namespace {

using namespace std::chrono_literals;

task<result<void>> wait_forever(int& ended) {
  struct guard {
    int& n;
    ~guard() { ++n; }
  } g{ended};
  event never(co_await asio::this_coro::executor);
  for (;;) co_await never.wait();
}

TEST(TaskGroup, FirstFailureCancelsTheOthersAndAllAreJoined) {
  int ended = 0;
  auto r = test::run_task(task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn(wait_forever(ended));
    group.spawn(wait_forever(ended));
    co_await sleep_for(1ms);
    co_return failure(errc::io, "first");
  }));
  ASSERT_TRUE(r.has_error());
  EXPECT_EQ(r.error().text, "first");
  EXPECT_EQ(ended, 2);
}

TEST(TaskGroup, AnExceptionOfAChildIsAFailure) {
  auto r = test::run_task(task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn([]() -> task<result<void>> { throw std::runtime_error("bug"); co_return result<void>(); }());
    co_return result<void>();
  }));
  ASSERT_TRUE(r.has_error());
  EXPECT_EQ(r.error().code, errc::internal);
  EXPECT_EQ(r.error().text, "bug");
}

TEST(TaskGroup, CancellingTheCallerCancelsChildrenBeforeItUnwinds) {
  asio::io_context io;
  asio::cancellation_signal stop;
  int ended = 0;
  int ended_at_return = -1;
  bool aborted = false;
  auto work = [](int& n, int& at_return) -> task<void> {
    struct guard {
      int& n;
      int& at;
      ~guard() { at = n; }
    } g{n, at_return};
    auto r = co_await task_group::run([&n](task_group& group) -> task<result<void>> {
      group.spawn(wait_forever(n));
      group.spawn(wait_forever(n));
      co_return result<void>();
    });
    (void)r;
  };
  asio::co_spawn(io, work(ended, ended_at_return),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e) {
                   try {
                     if (e) std::rethrow_exception(e);
                   } catch (const boost::system::system_error& error) {
                     aborted = error.code() == asio::error::operation_aborted;
                   }
                 }));
  io.poll();
  stop.emit(asio::cancellation_type::terminal);
  io.restart();
  io.run_for(5s);
  EXPECT_TRUE(aborted);
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(ended_at_return, 2);
}

TEST(TaskGroup, AChildMayCancelItsGroupBeforeItEverWaited) {
  int ended = 0;
  auto r = test::run_task(task_group::run([&](task_group& group) -> task<result<void>> {
    group.spawn(wait_forever(ended));
    group.cancel();
    co_return result<void>();
  }));
  EXPECT_TRUE(r.has_value());
}

// A cancellation that meets a group which a child's end has woken but not yet resumed must not get lost.
TEST(TaskGroup, CancellationBesideTheEndOfAChildIsNotLost) {
  for (int steps = 0; steps < 12; ++steps) {
    asio::io_context io;
    asio::cancellation_signal stop;
    event release(io.get_executor());
    int ended = 0;
    bool done = false;
    auto child = [](event& e) -> task<result<void>> {
      co_await e.wait();
      co_return result<void>();
    };
    auto work = [](int& n, event& e, auto short_child) -> task<void> {
      auto body = [&n, &e, &short_child](task_group& group) -> task<result<void>> {
        group.spawn(wait_forever(n));
        group.spawn(short_child(e));
        co_return result<void>();
      };
      std::function<task<result<void>>(task_group&)> function = body;
      (void)co_await task_group::run(std::move(function));
    };
    asio::co_spawn(io, work(ended, release, child),
                   asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr) { done = true; }));
    io.poll();
    release.notify();
    io.restart();
    for (int i = 0; i < steps; ++i) io.poll_one();
    stop.emit(asio::cancellation_type::terminal);
    io.restart();
    io.run_for(5s);
    EXPECT_TRUE(done) << "cancelled after " << steps << " steps";
    EXPECT_EQ(ended, 1);
  }
}

}  // namespace
}  // namespace peelbox
