#include "engine/async/timeout.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/system_error.hpp>

#include "engine/async/event.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox {
namespace {

using namespace std::chrono_literals;

bool is_cancellation(std::exception_ptr thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const boost::system::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  }
  return false;
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

TEST(Timeout, PassesOnWhatTheOperationThrows) {
  auto work = []() -> task<result<int>> {
    auto broken = []() -> task<result<int>> { throw std::runtime_error("bug"); co_return 7; };
    co_return co_await with_timeout(broken(), 5s, "never said");
  };
  EXPECT_THROW(test::run_task(work()), std::runtime_error);
}

TEST(Timeout, CancellingTheCallerEndsTheOperationFirst) {
  asio::io_context io;
  asio::cancellation_signal stop;
  bool unwound = false, unwound_before = false, aborted = false;
  auto forever = [](bool& flag) -> task<result<int>> {
    struct guard {
      bool& f;
      ~guard() { f = true; }
    } g{flag};
    event never(co_await asio::this_coro::executor);
    for (;;) co_await never.wait();
  };
  asio::co_spawn(io, with_timeout(forever(unwound), 1h, "never said"),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr thrown, result<int>) {
                   unwound_before = unwound;
                   aborted = is_cancellation(thrown);
                 }));
  io.poll();
  EXPECT_FALSE(unwound);
  stop.emit(asio::cancellation_type::terminal);
  io.restart();
  io.run_for(5s);
  EXPECT_TRUE(unwound_before);
  EXPECT_TRUE(aborted);
}

// What a write has sent is sent: the caller has to learn of it.
TEST(Timeout, AnOperationThatHasEndedKeepsItsResultWhenTheCallerIsCancelled) {
  asio::io_context io;
  asio::cancellation_signal stop;
  event release(io.get_executor());
  bool ended = false;
  std::optional<result<int>> got;
  auto work = [](event& e, bool& operation_ended, std::optional<result<int>>& outcome) -> task<void> {
    auto operation = [](event& release_it, bool& flag) -> task<result<int>> {
      co_await release_it.wait();
      flag = true;
      co_return 7;
    };
    outcome.emplace(co_await with_timeout(operation(e, operation_ended), 1h, "never said"));
  };
  asio::co_spawn(io, work(release, ended, got), asio::bind_cancellation_slot(stop.slot(), [](std::exception_ptr) {}));
  io.poll();
  release.notify();
  io.restart();
  while (!ended) io.poll_one();
  EXPECT_FALSE(got);
  stop.emit(asio::cancellation_type::terminal);
  io.restart();
  io.run_for(5s);
  ASSERT_TRUE(got);
  EXPECT_EQ(**got, 7);
}

// The caller would go on as if nobody had cancelled it.
TEST(Timeout, ACancellationWhileALateOperationUnwindsIsNotLost) {
  asio::io_context io;
  asio::cancellation_signal stop;
  event release(io.get_executor());
  bool done = false, aborted = false;
  auto slow_to_end = [](event& e) -> task<result<int>> {
    co_await asio::this_coro::throw_if_cancelled(false);
    while (co_await e.wait() != wake::signalled) {}
    co_return 7;
  };
  asio::co_spawn(io, with_timeout(slow_to_end(release), 1ms, "late"),
                 asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr thrown, result<int>) {
                   done = true;
                   aborted = is_cancellation(thrown);
                 }));
  io.run_for(50ms);  // it is late, and was told to stop
  EXPECT_FALSE(done);
  stop.emit(asio::cancellation_type::terminal);
  io.restart();
  io.poll();
  EXPECT_FALSE(done);
  release.notify();
  io.restart();
  io.run_for(5s);
  EXPECT_TRUE(done);
  EXPECT_TRUE(aborted);
}

}  // namespace
}  // namespace peelbox
