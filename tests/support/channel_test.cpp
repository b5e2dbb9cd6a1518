#include "tests/support/channel.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "tests/support/run_task.hpp"

namespace peelbox::test {
namespace {

TEST(Channel, PushWaitsWhenFullAndCloseDeliversTheFailureLast) {
  auto work = []() -> task<std::string> {
    channel<int> queue(co_await asio::this_coro::executor, 2);
    auto producer = [](channel<int>& q) -> task<void> {
      for (int i = 0; i < 5; ++i) co_await q.push(i);
      q.close(failure(errc::io, "disk gone"));
    };
    asio::co_spawn(co_await asio::this_coro::executor, producer(queue), [](std::exception_ptr) {});
    std::string seen;
    for (;;) {
      auto next = co_await queue.pop();
      if (next.has_error()) co_return seen + next.error().text;
      seen += std::to_string(**next) + " ";
      EXPECT_LE(queue.size(), 2u);
    }
  };
  EXPECT_EQ(run_task(work()), "0 1 2 3 4 disk gone");
}

}  // namespace
}  // namespace peelbox::test
