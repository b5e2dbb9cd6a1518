#include "engine/async/event.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "engine/async/timeout.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox {
namespace {

using namespace std::chrono_literals;

TEST(Event, NotifyWakesAllThatWait) {
  asio::io_context io;
  event changed(io.get_executor());
  int woken = 0;
  auto waiter = [](event& e, int& n) -> task<void> {
    if (co_await e.wait() == wake::signalled) ++n;
  };
  asio::co_spawn(io, waiter(changed, woken), [](std::exception_ptr) {});
  asio::co_spawn(io, waiter(changed, woken), [](std::exception_ptr) {});
  io.poll();
  EXPECT_EQ(woken, 0);
  changed.notify();
  io.restart();
  io.run_for(5s);
  EXPECT_EQ(woken, 2);
}

TEST(Event, WaitSaysWhyItEnded) {
  asio::io_context io;
  event changed(io.get_executor());
  auto timed = [](event& e) -> task<wake> { co_return co_await e.wait_for(1ms); };
  EXPECT_EQ(test::run_task(io, timed(changed)), wake::timed_out);

  asio::cancellation_signal stop;
  wake seen = wake::signalled;
  auto waiting = [](event& e, wake& why) -> task<void> { why = co_await e.wait(); };
  asio::co_spawn(io, waiting(changed, seen), asio::bind_cancellation_slot(stop.slot(), [](std::exception_ptr) {}));
  io.restart();
  io.poll();
  stop.emit(asio::cancellation_type::terminal);
  io.restart();
  io.run_for(5s);
  EXPECT_EQ(seen, wake::cancelled);
  EXPECT_FALSE(changed.has_waiters());
}

TEST(Timeout, CancelsTheOperationAndWaitsForItsEnd) {
  bool unwound = false;
  auto work = [](bool& flag) -> task<result<int>> {
    auto forever = [](bool& ended) -> task<result<int>> {
      struct guard {
        bool& f;
        ~guard() { f = true; }
      } g{ended};
      event never(co_await asio::this_coro::executor);
      for (;;) co_await never.wait();
    };
    auto r = co_await with_timeout(forever(flag), 5ms, "waiting for nothing");
    EXPECT_TRUE(flag);
    co_return r;
  };
  const auto r = test::run_task(work(unwound));
  ASSERT_TRUE(r.has_error());
  EXPECT_EQ(r.error().code, errc::timed_out);
  EXPECT_EQ(r.error().text, "waiting for nothing");
}

TEST(Timeout, PassesTheValueThrough) {
  auto work = []() -> task<result<int>> {
    auto quick = []() -> task<result<int>> { co_return 7; };
    co_return co_await with_timeout(quick(), 5s, "never said");
  };
  EXPECT_EQ(*test::run_task(work()), 7);
}

}  // namespace
}  // namespace peelbox
