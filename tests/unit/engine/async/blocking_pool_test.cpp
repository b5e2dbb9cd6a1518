#include "engine/async/blocking_pool.hpp"

#include <thread>

#include "engine/async/failure.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox {
namespace {

TEST(BlockingPool, RunsOnAThreadOfItsOwnAndResumesOnTheCallersExecutor) {
  blocking_pool pool(2);
  auto work = [](blocking_pool& p) -> task<bool> {
    const auto mine = std::this_thread::get_id();
    const auto theirs = co_await p.run([] { return std::this_thread::get_id(); });
    co_return theirs != mine && std::this_thread::get_id() == mine;
  };
  EXPECT_TRUE(test::run_task(work(pool)));
}

TEST(BlockingPool, CarriesMoveOnlyValues) {
  blocking_pool pool(1);
  auto work = [](blocking_pool& p) -> task<int> {
    auto value = co_await p.run([] { return std::make_unique<int>(5); });
    co_return *value;
  };
  EXPECT_EQ(test::run_task(work(pool)), 5);
}

}  // namespace
}  // namespace peelbox
