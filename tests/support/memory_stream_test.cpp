#include "tests/support/memory_stream.hpp"

#include <gtest/gtest.h>

#include "engine/async/task_group.hpp"
#include "engine/async/timeout.hpp"
#include "tests/support/run_task.hpp"

namespace peelbox::test {
namespace {

task<result<void>> write_text(transport::stream& to, std::string text) {
  byte_chain bytes;
  bytes.append(byte_slice::of(std::move(text)));
  co_return co_await to.write(std::move(bytes));
}

task<result<void>> write_all(transport::stream& to, std::string text) {
  auto written = co_await write_text(to, std::move(text));
  if (written.has_error()) co_return written;
  co_return co_await to.shutdown_write();
}

task<std::string> read_all(transport::stream& from) {
  std::string all;
  while (true) {
    const auto piece = co_await from.read();
    if (!piece.has_value() || piece->empty()) co_return all;
    all += as_text(*piece);
  }
}

TEST(MemoryStream, CarriesBytesInOrderThroughASmallCapacityAndShortReads) {
  asio::io_context io;
  memory_end small;
  small.capacity = 700;
  small.pauses = true;
  memory_end sips;
  sips.most_per_read = 3;
  auto pair = make_memory_pair(io.get_executor(), small, sips);
  std::string text;
  for (int i = 0; i < 2000; ++i) text += std::to_string(i);
  std::string got;
  auto body = [&](task_group& group) -> task<result<void>> {
    group.spawn(write_all(*pair.a, text));
    got = co_await read_all(*pair.b);
    co_return result<void>();
  };
  EXPECT_TRUE(run_task(io, task_group::run(body)).has_value());
  EXPECT_EQ(got, text);
  EXPECT_EQ(pair.end_a->bytes_written, text.size());
  EXPECT_EQ(pair.end_b->bytes_read, text.size());
}

TEST(MemoryStream, CloseEndsBothSides) {
  asio::io_context io;
  auto pair = make_memory_pair(io.get_executor());
  run_task(io, [](memory_pair& p) -> task<void> {
    EXPECT_TRUE((co_await write_text(*p.a, "last words")).has_value());
    p.a->close();
    const auto own = co_await p.a->read();
    EXPECT_EQ(own.error().code, errc::cancelled);
    const std::string rest = co_await read_all(*p.b);
    EXPECT_EQ(rest, "last words");
    const auto w = co_await write_text(*p.b, "x");
    EXPECT_EQ(w.error().code, errc::connection);
  }(pair));
}

TEST(MemoryStream, TheChosenOperationBreaksBothEnds) {
  asio::io_context io;
  memory_end bad;
  bad.fail_at = 1;
  auto pair = make_memory_pair(io.get_executor(), bad);
  run_task(io, [](memory_pair& p) -> task<void> {
    EXPECT_TRUE((co_await write_text(*p.a, "one")).has_value());
    const auto two = co_await write_text(*p.a, "two");
    EXPECT_EQ(two.error().code, errc::connection);
    const auto r = co_await p.b->read();
    EXPECT_EQ(r.error().code, errc::connection);
  }(pair));
  EXPECT_EQ(pair.end_a->operations, 2u);
}

TEST(MemoryStream, AWriteBeyondTheCapacityWaitsAndCanBeCancelled) {
  asio::io_context io;
  memory_end small;
  small.capacity = 4;
  auto pair = make_memory_pair(io.get_executor(), small);
  const auto r = run_task(io, with_timeout(write_text(*pair.a, "too long"), std::chrono::milliseconds(5), "write"));
  EXPECT_EQ(r.error().code, errc::timed_out);
  EXPECT_EQ(pair.end_a->bytes_written, 4u);
}

}  // namespace
}  // namespace peelbox::test
