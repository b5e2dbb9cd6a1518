#include "transport/dial_gate.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "engine/async/timeout.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox::transport {
namespace {

using namespace std::chrono_literals;
using passes = std::vector<dial_gate::pass>;

task<result<void>> go_in(std::shared_ptr<dial_gate> gate, passes& inside) {
  dial_gate::pass pass = co_await dial_gate::enter(std::move(gate));
  inside.push_back(std::move(pass));
  co_return result<void>();
}

/// Lets in as many as there is room for now.
task<std::size_t> fill(std::shared_ptr<dial_gate> gate, passes& inside) {
  for (;;) {
    auto entering = go_in(gate, inside);
    std::string full = "no room";
    const result<void> entered = co_await with_timeout(std::move(entering), 2ms, std::move(full));
    if (entered.has_error()) co_return inside.size();
  }
}

task<void> leaving_makes_room() {
  const auto gate = std::make_shared<dial_gate>(3);
  passes inside;
  std::size_t let_in = co_await fill(gate, inside);
  EXPECT_EQ(let_in, 3u);
  inside.pop_back();
  let_in = co_await fill(gate, inside);
  EXPECT_EQ(let_in, 3u);
}

TEST(DialGate, LeavingMakesRoom) { test::run_task(leaving_makes_room()); }

task<void> who_is_turned_away_narrows_it() {
  const auto gate = std::make_shared<dial_gate>(4);
  passes inside;
  std::size_t let_in = co_await fill(gate, inside);
  EXPECT_EQ(let_in, 4u);
  inside[3].narrow_gate();
  inside[2].narrow_gate();
  inside.erase(inside.begin());
  let_in = co_await fill(gate, inside);
  EXPECT_EQ(let_in, 3u) << "those inside stay";
  inside.clear();
  let_in = co_await fill(gate, inside);
  EXPECT_EQ(let_in, 2u);
  for (int i = 0; i < 5; ++i) inside[0].narrow_gate();
  inside.clear();
  let_in = co_await fill(gate, inside);
  EXPECT_EQ(let_in, 1u) << "somebody can always be inside";
}

TEST(DialGate, WhoIsTurnedAwayNarrowsIt) { test::run_task(who_is_turned_away_narrows_it()); }

task<void> without_a_gate() {
  dial_gate::pass pass = co_await dial_gate::enter(nullptr);
  pass.narrow_gate();
  pass.leave();
}

TEST(DialGate, NoGateLetsAllIn) { test::run_task(without_a_gate()); }

}  // namespace
}  // namespace peelbox::transport
