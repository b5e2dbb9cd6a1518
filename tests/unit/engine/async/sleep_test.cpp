#include "engine/async/sleep.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "engine/async/clock.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox {
namespace {

using namespace std::chrono_literals;

TEST(Sleep, LastsItsTime) {
  const steady_time begun = steady_now();
  EXPECT_EQ(test::run_task(sleep_for(2ms)), wake::timed_out);
  EXPECT_GE(steady_now() - begun, 2ms);
}

TEST(Sleep, SaysWhenItWasCancelled) {
  asio::io_context io;
  asio::cancellation_signal stop;
  wake seen = wake::signalled;
  auto sleeper = [](wake& why) -> task<void> { why = co_await sleep_for(1h); };
  asio::co_spawn(io, sleeper(seen), asio::bind_cancellation_slot(stop.slot(), [](std::exception_ptr) {}));
  io.poll();
  stop.emit(asio::cancellation_type::terminal);
  io.restart();
  io.run_for(5s);
  EXPECT_EQ(seen, wake::cancelled);
}

}  // namespace
}  // namespace peelbox
