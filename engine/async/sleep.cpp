#include "engine/async/sleep.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace peelbox {

task<wake> sleep_for(std::chrono::steady_clock::duration time) {
  const executor ex = co_await asio::this_coro::executor;
  asio::steady_timer timer(ex, time);
  const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return error ? wake::cancelled : wake::timed_out;
}

}  // namespace peelbox
