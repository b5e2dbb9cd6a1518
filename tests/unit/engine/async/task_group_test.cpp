#include "engine/async/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/system/system_error.hpp>

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

}  // namespace
}  // namespace peelbox
