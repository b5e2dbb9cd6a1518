#include "engine/async/event.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

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

}  // namespace
}  // namespace peelbox
